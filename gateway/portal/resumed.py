"""What was typed into the wizard while nobody was signed in, put into the draft afterwards."""

from contracts.accounts import User
from contracts.base import Refused
from gateway.caller import Visitor
from gateway.portal.draft import KIND, SUBMITTED, Draft, new_draft
from gateway.portal.forms import Field, Form
from gateway.portal.kept_forms import BASIC, PLAN


async def keep_in_draft(visitor: Visitor, user: User, page: str, fields: tuple[Field, ...]) -> None:
    """Put what was typed on a page of the wizard into the draft of its author.

    The page names its person, so that nobody else who signs in gets it. What has characters that
    nobody can see, or is too long, stays as it was in the draft.
    """
    form = Form.of(fields)
    drafts = visitor.gateway.drafts
    try:
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
    except Refused:
        return
    await drafts.save(user.id, KIND, draft.model_dump(mode="json"))
