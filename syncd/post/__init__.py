"""Messages to people outside, over the library apprise: e-mail, webhooks, chats. Nothing else imports apprise."""

from __future__ import annotations

from syncd.post.by_apprise import ApprisePost, trouble_with

__all__ = ["ApprisePost", "trouble_with"]
