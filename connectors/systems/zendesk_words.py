"""What Zendesk's words are in ours, for its webhooks and its audits alike."""

from __future__ import annotations

from connectors.reading import Object, find, find_number, find_text

ENDED = frozenset(("deleted", "scrubbed"))
"""States of a ticket that is gone."""

_STATUSES: dict[str, Object] = {
    "new": {"status": "new"},
    "open": {"status": "open"},
    "pending": {"status": "pending", "reason": "customer"},
    "hold": {"status": "pending", "reason": "hold"},
    "solved": {"status": "resolved"},
    "closed": {"status": "closed"},
    "archived": {"status": "closed"},
}
_CHANNELS = {
    "mail": "email",
    "email": "email",
    "mailgun": "email",
    "web": "portal",
    "web_form": "portal",
    "web_widget": "portal",
    "helpcenter": "portal",
    "help_center": "portal",
    "chat": "chat",
    "chat_transcript": "chat",
    "chat_offline_message": "chat",
    "native_messaging": "chat",
    "sunshine_conversations_api": "chat",
    "voice": "phone",
    "phone": "phone",
    "voicemail": "phone",
    "phone_call_inbound": "phone",
    "phone_call_outbound": "phone",
    "api_phone_call_inbound": "phone",
    "api_phone_call_outbound": "phone",
    "api_voicemail": "phone",
    "mobile": "app",
    "mobile_sdk": "app",
    "iphone": "app",
    "logmein_rescue": "remote",
    **dict.fromkeys(
        (
            "apple_business_chat",
            "facebook",
            "facebook_message",
            "facebook_post",
            "google_business_messages",
            "google_rcs",
            "instagram_dm",
            "kakaotalk",
            "line",
            "messagebird_sms",
            "sms",
            "sunshine_conversations_facebook_messenger",
            "sunshine_conversations_twitter_dm",
            "telegram",
            "text_message",
            "twilio_sms",
            "twitter",
            "twitter_dm",
            "twitter_favorite",
            "viber",
            "wechat",
            "whatsapp",
        ),
        "social",
    ),
}
_SCORES = {"good": 5, "bad": 1}  # Zendesk's own thumbs, on the scale of five
_SCORE_PATHS = (
    "score",
    "rating",
    "current",
    "csat.score",
    "csat.rating",
    "satisfaction_rating.score",
    "survey_response.rating",
    "survey_response.score",
)


def read_status(word: str | None) -> Object:
    """Return status, and reason where it waits; nothing for a word that is no status."""
    return _STATUSES.get((word or "").lower(), {})


def read_priority(word: str | None) -> str | None:
    """Return the priority; a word that Zendesk has added since goes on as it is."""
    return word.lower() if word else None


def read_channel(word: str | None) -> str | None:
    """Return the channel of a `via`, or `None` where it does not tell, as with the API."""
    return _CHANNELS.get((word or "").lower())


def read_score(word: object) -> float | None:
    """Return a rating from 1 to 5, of a number or of Zendesk's good and bad."""
    if isinstance(word, str):
        head = word.lower().removesuffix("withcomment").removesuffix("_with_comment")
        return _SCORES.get(head, int(head) if head.isascii() and head.isdigit() else None)
    return word if isinstance(word, int | float) and not isinstance(word, bool) else None


def find_score(event: Object) -> float | None:
    """Return the rating of a survey, which has changed its place with the kind of survey."""
    for path in _SCORE_PATHS:
        found = find_number(event, path) or find_text(event, path)
        if (score := read_score(found)) is not None:
            return score
    return read_score(find(event, "value"))
