"""Messages to people outside, over the library apprise: e-mail, webhooks, chats. Nothing else imports apprise.

And calls of the addresses that tell others that all is well.
"""

from __future__ import annotations

from syncd.post.by_apprise import ApprisePost, trouble_with
from syncd.post.calling import Calling, trouble_with_beat

__all__ = ["ApprisePost", "Calling", "trouble_with", "trouble_with_beat"]
