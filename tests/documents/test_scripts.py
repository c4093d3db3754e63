"""Documents in every script that a name may have: no glyph is missing, and each stands right."""

import pytest

from accounts_manager.documents.invoice import drawn, paper
from accounts_manager.documents.pdf import Press
from accounts_manager.documents.scripts import phrase, written
from contracts.billing import InvoiceLine, InvoiceParty
from tests.samples.documents import invoice

NAMES = {
    "japanese": "株式会社さくら電話 カタカナ 〒 髙﨑",
    "korean": "한빛 통신 주식회사 뷁",
    "chinese, simplified": "北京电话有限公司",
    "chinese, traditional": "臺灣電話股份有限公司",
    "chinese, rare": "㐂䶮",
    "thai": "บริษัท โทรศัพท์ไทย ที่",
    "devanagari": "हिन्दी दूरभाष क्षेत्र",
    "arabic": "شركة النور للاتصالات",
    "persian and urdu": "گروه پژوهش ٹیلی ۱۲",
    "hebrew": "חברת הטלפון בע-מ",
    "cyrillic": "Қазақ Телефон ӘҰ Ђорђе Їжак",
    "greek": "Ελληνική Τηλεφωνία Ἑλλάς",
    "vietnamese": "Công ty Điện thoại Nguyễn",
    "south indian": "தமிழ் తెలుగు ಕನ್ನಡ മലയാളം සිංහල",
    "north indian": "বাংলা ગુજરાતી ਪੰਜਾਬੀ ଓଡ଼ିଆ",
    "south-east asian": "ខ្មែរ ລາວ မြန်မာ",
    "caucasian and ethiopic": "ქართული Հայերեն አማርኛ",
}


@pytest.fixture(scope="module")
def press() -> Press:
    """Give what prints."""
    return Press()


def missing_glyphs(press: Press, html: str, caplog: pytest.LogCaptureFixture) -> list[str]:
    """Print a page, and return what the fonts had no glyph for."""
    caplog.clear()
    assert press.print(html).startswith(b"%PDF")
    warnings = [record.getMessage() for record in caplog.records]
    return [warning for warning in warnings if ".notdef" in warning]


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
def test_no_glyph_of_a_name_is_missing(
    press: Press, caplog: pytest.LogCaptureFixture, name: str
) -> None:
    party = InvoiceParty(name=name, contact=name, address=name)
    line = InvoiceLine(kind="users", text=name, amount=1)
    document = invoice(seller=party, customer=party, lines=(line,), note=name, footer=name)
    assert missing_glyphs(press, paper(document), caplog) == []


def test_a_glyph_that_no_font_has_is_noticed(
    press: Press, caplog: pytest.LogCaptureFixture
) -> None:
    html = '<html lang="en"><title>x</title><p>\U0010fff0</p>'
    assert len(missing_glyphs(press, html, caplog)) == 1


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("Harbour & Vale", "Harbour &amp; Vale"),
        ("株式会社さくら電話 24.", "株式会社さくら電話 24."),
        ("شركة النور 24.", '<bdi dir="rtl">شركة النور 24.</bdi>'),
        ("24 חברה & Co.", '<bdi dir="rtl">24 חברה &amp; Co.</bdi>'),
        ("Nour شركة", "<bdi>Nour شركة</bdi>"),
        ("שלום 1\n12345 Haifa", '<bdi dir="rtl">שלום 1</bdi>\n<bdi>12345 Haifa</bdi>'),
    ],
)
def test_what_somebody_wrote_has_the_direction_of_its_first_letter(text: str, html: str) -> None:
    assert written(text) == html


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("Office <12>", "Office &lt;12&gt;"),
        ("باقة النجم, 12 of 30 days", '<bdi dir="rtl">باقة النجم</bdi>, 12 of 30 days'),
        ("Calls by חברת 24 הטלפון: 7", 'Calls by <bdi dir="rtl">חברת 24 הטלפון</bdi>: 7'),
        ("בע-מ, 7.", '<bdi dir="rtl">בע-מ</bdi>, 7.'),
        ("נָ Plus שלום 5", '<bdi dir="rtl">נָ</bdi> Plus <bdi dir="rtl">שלום</bdi> 5'),
    ],
)
def test_digits_and_punctuation_after_a_name_in_a_phrase_keep_their_places(
    text: str, html: str
) -> None:
    assert phrase(text) == html


def test_a_document_sets_names_from_right_to_left_apart() -> None:
    name = "شركة النور 24."
    party = InvoiceParty(name=name, contact=name, address=name)
    line = InvoiceLine(kind="users", text="باقة, 12 of 30 days", amount=1)
    document = invoice(seller=party, customer=party, lines=(line,), note=name, footer=name)
    html = drawn(document)
    assert html.count(f'<bdi dir="rtl">{name}</bdi>') == html.count(name) == 9
    assert '<bdi dir="rtl">باقة</bdi>, 12 of 30 days' in html
