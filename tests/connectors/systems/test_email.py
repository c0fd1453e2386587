"""E-mail: whose a mail is, whether a person wrote it, in which thread, and when."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from connectors.opaque import TEST_KEY, Opaque, hide_persons
from connectors.payload import Payload
from connectors.systems.email import CONNECTOR
from slawatch.errors import ConfigError, EventError
from tests.connectors.systems.channels import BODIES, Told, needs_bodies, outcome, tell, tell_one

DATE = "Date: Tue, 3 Mar 2026 10:00:00 +0100\r\n"
CUSTOMER = f'From: "Roe, Jane" <jane.roe@client.example>\r\nTo: help@desk.example\r\n{DATE}'
OURS = f"From: Ann <ann@desk.example>\r\nTo: jane.roe@client.example\r\n{DATE}"
ID = "Message-ID: <m2@x.example>\r\n"
REPLY = f"{ID}In-Reply-To: <m1@x.example>\r\n"
OWN = ["desk.example"]


def read(headers: str) -> list[Told]:
    return tell(CONNECTOR, f"{headers}\r\nThe text.\r\n", own=OWN)


def read_one(headers: str) -> Told:
    (event,) = read(headers)
    return event


def test_a_customer_s_first_mail_opens_a_ticket() -> None:
    event = read_one(CUSTOMER + ID)
    assert (event["type"], event["actor"]) == ("created", "customer")
    assert event["ticket_id"] == Opaque("email:m2@x.example")


def test_a_customer_s_answer_is_a_message_of_the_thread() -> None:
    event = read_one(CUSTOMER + REPLY)
    assert (event["type"], event["actor"]) == ("replied", "customer")
    assert event["ticket_id"] == Opaque("email:m1@x.example")


def test_the_thread_is_named_by_the_root_of_its_references() -> None:
    event = read_one(f"{CUSTOMER}{REPLY}References: <root@x.example>\r\n\t<m1@x.example>\r\n")
    assert event["ticket_id"] == Opaque("email:root@x.example")


def test_a_mail_that_answers_itself_begins_a_thread() -> None:
    event = read_one(f"{CUSTOMER}{ID}In-Reply-To: <m2@x.example>\r\n")
    assert (event["type"], event["ticket_id"]) == ("created", Opaque("email:m2@x.example"))


def test_ids_without_brackets_are_read() -> None:
    event = read_one(f"{CUSTOMER}Message-ID: m2@x.example\r\nIn-Reply-To: m1@x.example\r\n")
    assert event["event_id"] == "email:m2@x.example"
    assert event["ticket_id"] == Opaque("email:m1@x.example")


def test_a_mail_without_an_id_has_the_same_one_in_every_copy() -> None:
    copy = f"Received: by a.example; Tue, 3 Mar 2026 09:00:01 +0000\r\n{CUSTOMER}"
    assert read_one(CUSTOMER)["event_id"] == read_one(copy)["event_id"]


def test_an_agent_s_answer_is_a_reply_of_the_desk() -> None:
    event = read_one(OURS + REPLY)
    assert (event["type"], event["actor"]) == ("replied", "agent")


def test_a_mail_that_the_desk_begins_is_an_agent_s() -> None:
    event = read_one(OURS + ID)
    assert (event["type"], event["actor"], event["origin"]) == ("created", "agent", "agent")


def test_talk_among_colleagues_is_a_note_and_no_reply() -> None:
    inside = OURS.replace("jane.roe@client.example", "bob@desk.example")
    event = read_one(inside + REPLY)
    assert (event["type"], event["public"]) == ("note", False)
    assert read(inside + ID) == []


def test_a_mail_of_the_sent_folder_is_the_desk_s_whoever_signs_it() -> None:
    event = tell_one(CONNECTOR, f"{CUSTOMER}{REPLY}\r\n", {"x-folder": "sent"})
    assert event["actor"] == "agent"


def test_an_own_address_covers_its_tags_and_no_neighbour() -> None:
    tagged = OURS.replace("ann@", "Ann+vip@") + REPLY
    own = ["ann@desk.example"]
    assert tell_one(CONNECTOR, f"{tagged}\r\n", own=own)["actor"] == "agent"
    other = OURS.replace("ann@", "bob@") + REPLY
    assert tell_one(CONNECTOR, f"{other}\r\n", own=own)["actor"] == "customer"


@pytest.mark.parametrize(
    "header",
    [
        pytest.param("Auto-Submitted: auto-replied", id="RFC 3834"),
        pytest.param("Auto-Submitted: Auto-Generated; owner-email=x", id="with a parameter"),
        pytest.param("X-Autoreply: yes", id="X-Autoreply"),
        pytest.param("X-Autorespond: out", id="X-Autorespond"),
        pytest.param("Precedence: auto_reply", id="Precedence auto_reply"),
        pytest.param("Precedence: bulk", id="bulk"),
        pytest.param("Precedence: junk", id="junk"),
        pytest.param("List-Id: News <news.shop.example>", id="a mailing list"),
        pytest.param("List-Unsubscribe: <https://shop.example/u>", id="a newsletter"),
        pytest.param("X-Spam-Flag: YES", id="spam"),
        pytest.param("Return-Path: <>", id="null return path"),
        pytest.param("Content-Type: multipart/report; report-type=delivery-status", id="bounce"),
        pytest.param("X-Failed-Recipients: a@b.example", id="failed recipients"),
    ],
)
def test_what_no_person_wrote_is_neither_a_request_nor_a_reply(header: str) -> None:
    assert read(f"{CUSTOMER}{ID}{header}\r\n") == []
    assert read(f"{CUSTOMER}{REPLY}{header}\r\n") == []


def test_auto_submitted_no_is_a_person_s() -> None:
    assert read_one(f"{CUSTOMER}{ID}Auto-Submitted: no\r\n")["type"] == "created"


def test_a_list_of_the_desk_s_own_is_its_group_address() -> None:
    group = "List-Id: <help.desk.example>\r\nPrecedence: list\r\n"
    assert read_one(f"{CUSTOMER}{ID}{group}")["type"] == "created"


def test_the_desk_s_automatic_receipt_is_a_bot_s_reply() -> None:
    event = read_one(f"{OURS}{REPLY}Auto-Submitted: auto-replied\r\n")
    assert (event["type"], event["actor"]) == ("replied", "bot")


def test_the_desk_s_newsletter_opens_nothing() -> None:
    assert read(f"{OURS}{ID}Precedence: bulk\r\n") == []


def test_a_web_form_s_mail_is_a_customer_s_though_a_machine_sends_it() -> None:
    form = f"From: no-reply@desk.example\r\nTo: help@desk.example\r\n{DATE}{ID}"
    text = f"{form}Auto-Submitted: auto-generated\r\n\r\n"
    event = tell_one(CONNECTOR, text, own=OWN, forms=["no-reply@desk.example"])
    assert (event["type"], event["actor"]) == ("created", "customer")


@pytest.mark.parametrize(
    ("date", "expected"),
    [
        pytest.param("Mon, 3 Mar 2026 10:00:00 +0100", "09:00:00", id="wrong weekday"),
        pytest.param("Tue, 03 Mar 2026 01:00:00 -0800 (PST)", "09:00:00", id="a comment"),
        pytest.param("3 Mar 2026 09:00 GMT", "09:00:00", id="no weekday, no seconds"),
        pytest.param("Tue, 3 Mar 2026 09:00:00 -0000", "09:00:00", id="no zone is UTC"),
        pytest.param("soon", "09:00:04", id="no date: the receipt"),
        pytest.param("Tue, 3 Mar 2026 12:00:00 +0000", "09:00:04", id="after its receipt"),
        pytest.param("Tue, 24 Feb 2026 09:00:00 +0000", "09:00:04", id="a week before it"),
    ],
)
def test_when_a_mail_was_sent(date: str, expected: str) -> None:
    receipt = "Received: from a by b; Tue, 3 Mar 2026 09:00:04 +0000\r\n"
    event = read_one(receipt + CUSTOMER.replace(DATE, f"Date: {date}\r\n") + ID)
    assert event["occurred_at"] == f"2026-03-03T{expected}+00:00"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        pytest.param(CUSTOMER.replace(DATE, "") + ID, "missing_key", id="no time at all"),
        pytest.param(CUSTOMER.replace(DATE, "Date: soon\r\n"), "bad_time", id="no date"),
        pytest.param(DATE + ID, "missing_key", id="no sender"),
        pytest.param("\r\nonly a text", "malformed", id="no headers"),
        pytest.param("", "malformed", id="empty"),
    ],
)
def test_what_identity_and_time_need_is_asked_for(text: str, reason: str) -> None:
    with pytest.raises(EventError) as caught:
        tell(CONNECTOR, f"{text}\r\n")
    assert caught.value.reason == reason


@pytest.mark.parametrize(
    "sender",
    [
        pytest.param("=?utf-8?B?UsO2ZSwgSmFuZQ==?= <jane.roe@client.example>", id="encoded name"),
        pytest.param("Roe, Jane <jane.roe@client.example>", id="comma without quotes"),
        pytest.param("=?utf-8?q?Jane_=3Cjane=2Eroe=40client=2Eexample=3E?=", id="all encoded"),
        pytest.param("JANE.ROE@CLIENT.EXAMPLE (Jane)", id="capitals and a comment"),
    ],
)
def test_a_sender_s_address_is_found(sender: str) -> None:
    text = f"From: {sender}\r\nTo: a@client.example\r\n{DATE}{REPLY}\r\n"
    assert tell_one(CONNECTOR, text, own=["client.example"])["type"] == "note"


def test_no_address_and_no_subject_stands_in_an_event() -> None:
    raw = f"{CUSTOMER}{ID}Subject: secret\r\n\r\nThe text.\r\n".encode()
    told = str(list(hide_persons(CONNECTOR.decode(Payload(raw)), TEST_KEY)))
    assert not any(word in told for word in ("jane", "client.example", "secret", "text"))


@pytest.mark.parametrize("own", ["desk.example", [1], [""]])
def test_own_addresses_must_be_a_list_of_texts(own: object) -> None:
    with pytest.raises(ConfigError, match=r"options\.own must be a list"):
        CONNECTOR.decoder({"own": own})


def load_capture(name: str) -> Payload:
    """Take a captured HTTP request apart."""
    raw = (BODIES / "email" / "multi_mail" / name).read_bytes().replace(b"\r\n", b"\n")
    head, _, body = raw.partition(b"\n\n")
    lines = [line.partition(":") for line in head.decode().splitlines()[1:]]
    headers: Mapping[str, str] = {name.lower(): value.strip() for name, _, value in lines}
    return Payload(body, headers)


@needs_bodies
@pytest.mark.parametrize(
    ("name", "message_id"),
    [
        ("cloudmailin_json.txt", "68CFE2AD-5B45-4092-B96B-857C7C83F2FD@opennorth.ca"),
        ("mailgun_parsed.txt", "E102015D-F580-4316-81FA-7324838A3AE8@opennorth.ca"),
        ("postmark.txt", "26ECCA85-47DE-4E66-827A-B35E34874F26@opennorth.ca"),
        ("sendgrid.txt", "D0AB77C1-A89D-4D9E-A207-5E20A6D36BEF@opennorth.ca"),
    ],
)
def test_services_that_receive_mail_bring_the_mail(name: str, message_id: str) -> None:
    (event,) = CONNECTOR.decode(load_capture(name))
    assert event["event_id"] == f"email:{message_id}"  # type: ignore[index]  # an event
    assert event["type"] == "created"  # type: ignore[index]  # an event


@needs_bodies
@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("auto_submitted.eml.txt", "none"),
        ("bounce_gmail.eml.txt", "none"),
        ("self_in_reply_to.eml.txt", "replied"),
    ],
)
def test_real_mails(name: str, expected: str) -> None:
    assert outcome(CONNECTOR, Payload((BODIES / "email" / name).read_bytes())) == expected


@needs_bodies
@pytest.mark.parametrize("name", ["postmark.txt", "mailgun_parsed.txt", "sendgrid.txt"])
def test_a_capture_that_is_no_mail_is_refused(name: str) -> None:
    raw = (BODIES / "email" / "multi_mail" / name).read_bytes()
    assert outcome(CONNECTOR, Payload(raw)) == "refused: malformed"
