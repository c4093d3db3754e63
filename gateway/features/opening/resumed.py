"""Put what was typed into the wizard while signed out into the draft."""

from contracts.accounts import User
from gateway.features.opening.draft import KIND, SUBMITTED, Draft, new_draft
from gateway.identity.caller import Visitor
from gateway.portal.forms import Field, Form
from gateway.portal.kept_forms import BASIC, PLAN


async def keep_in_draft(visitor: Visitor, user: User, page: str, fields: tuple[Field, ...]) -> None:
    """Put what was typed on a page of the wizard into the draft of its author.

    The page names its person, so that no other person who signs in gets it. When a field can't be
    read, the draft stays as it was.
    """
    form = Form.of(fields)
    drafts = visitor.gateway.drafts
    if form.text("person") != user.id:
        return
    stored = await drafts.find(user.id, KIND)
    became = await drafts.find(user.id, SUBMITTED)
    is_open = stored and stored.get("request") != became.get("request")
    draft = Draft.model_validate(stored) if is_open else new_draft()
    if page == BASIC:
        draft = draft.typed_basic(form)
    elif page == PLAN and stored:
        draft = draft.model_copy(update=draft.typed_plan(form))
    if form.unread:
        return
    await drafts.save(user.id, KIND, draft.model_dump(mode="json"))
