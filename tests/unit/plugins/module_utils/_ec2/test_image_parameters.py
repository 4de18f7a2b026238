from __future__ import annotations

import pytest
from ansible_collections.central.llm.plugins.module_utils._ec2.images import image_in


@pytest.mark.parametrize(
    ("value", "image_id"),
    [
        ("ami-0123456789abcdef0", "ami-0123456789abcdef0"),
        (" ami-01234567\n", "ami-01234567"),
        ('{"image_id": "ami-0123456789abcdef0", "os": "Amazon Linux 2023"}', "ami-0123456789abcdef0"),
        ('{"os": "Amazon Linux 2023"}', None),
        ("[]", None),
        ("7", None),
        ("", None),
        ("ami-XYZ", None),
    ],
)
def test_the_image_in_a_parameter(value: str, image_id: str | None) -> None:
    assert image_in(value) == image_id
