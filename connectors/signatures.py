"""The signatures of systems that sign, by what their documentation and their SDKs say."""

from __future__ import annotations

from connectors.signature import Signature

GITHUB = Signature("x-hub-signature-256", prefix="sha256=")
"""docs.github.com, "Validating webhook deliveries". Gitea and Forgejo send it as well."""

WHATSAPP = GITHUB
"""Meta's apps sign as GitHub does, with the app's secret."""

JIRA = Signature("x-hub-signature", prefix="sha256=")
"""WebSub's header: Jira Cloud, and Data Center from 10 on, where a webhook has a secret."""

INTERCOM = Signature("x-hub-signature", algorithm="sha1", prefix="sha1=")
"""With the client secret of the app."""

ZAMMAD = INTERCOM
"""With the webhook's signature token."""

SLACK = Signature(
    "x-slack-signature",
    "v0:{timestamp}:{body}",
    prefix="v0=",
    timestamp_header="x-slack-request-timestamp",
)

STANDARD_WEBHOOKS = Signature(
    "webhook-signature",
    "{id}.{timestamp}.{body}",
    encoding="base64",
    prefix="v1,",
    separator=" ",
    timestamp_header="webhook-timestamp",
    id_header="webhook-id",
    secret_prefix="whsec_",  # noqa: S106 - the mark of such a secret, not one
    secret_base64=True,
)

ZENDESK = Signature(
    "x-zendesk-webhook-signature",
    "{timestamp}{body}",
    encoding="base64",
    timestamp_header="x-zendesk-webhook-signature-timestamp",
    timestamp_unit="rfc3339",
    # Zendesk names no tolerance; a retry may carry the time of the first attempt.
    tolerance_seconds=3600,
)

CHATWOOT = Signature(
    "x-chatwoot-signature",
    "{timestamp}.{body}",
    prefix="sha256=",
    timestamp_header="x-chatwoot-timestamp",
)

HUBSPOT_V3 = Signature(
    "x-hubspot-signature-v3",
    "POST{url}{body}{timestamp}",
    encoding="base64",
    timestamp_header="x-hubspot-request-timestamp",
    timestamp_unit="ms",
)

HELP_SCOUT = Signature("x-helpscout-signature", algorithm="sha1", encoding="base64")

TAWK = Signature("x-tawk-signature", algorithm="sha1")
