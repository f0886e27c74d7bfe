"""The demo's scene of one person's whole story."""

from __future__ import annotations

from syncd.lab.lifetime import whole_story
from syncd.lab.story import Story


def test_the_whole_story_is_told_as_it_happened() -> None:
    """Every deed with author, system, reason and the vendor's time, and both handoffs with how they ended."""
    story = Story()
    whole_story(story)
    (scene,) = story.scenes
    assert scene.holds
    assert scene.proof.startswith("7 of 7 deeds")
    assert "2 handoffs: rejected, then won" in scene.proof
    assert any(": timing" in line and "in Salesforce" in line for line in scene.lines)
