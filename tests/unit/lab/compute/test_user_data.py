from __future__ import annotations

import base64
import gzip

import pytest

from lab.compute.user_data import ecs_settings


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


HERE = """#!/bin/bash
cat <<'EOF' >> /etc/ecs/ecs.config
ECS_CLUSTER=prod
ECS_ENABLE_GPU_SUPPORT=true
ECS_INSTANCE_ATTRIBUTES={"stack":"central"}
EOF
systemctl enable thing
"""
MIME = """MIME-Version: 1.0
Content-Type: multipart/mixed; boundary="==X=="

--==X==
Content-Type: text/cloud-config; charset="us-ascii"

#cloud-config
write_files:
  - path: /etc/ecs/ecs.config
    append: true
    content: |
      ECS_RESERVED_MEMORY=256
--==X==
Content-Type: text/x-shellscript; charset="us-ascii"

#!/bin/bash
echo "ECS_CLUSTER=prod" >> /etc/ecs/ecs.config
--==X==--
"""


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("#!/bin/bash\necho ECS_CLUSTER=prod >> /etc/ecs/ecs.config", {"ECS_CLUSTER": "prod"}),
        ("#!/bin/bash\necho 'ECS_CLUSTER=prod' | tee -a /etc/ecs/ecs.config", {"ECS_CLUSTER": "prod"}),
        (
            "printf 'ECS_CLUSTER=prod\\nECS_LOGLEVEL=debug\\n' > /etc/ecs/ecs.config",
            {"ECS_CLUSTER": "prod", "ECS_LOGLEVEL": "debug"},
        ),
        (
            HERE,
            {
                "ECS_CLUSTER": "prod",
                "ECS_ENABLE_GPU_SUPPORT": "true",
                "ECS_INSTANCE_ATTRIBUTES": '{"stack":"central"}',
            },
        ),
        (MIME, {"ECS_CLUSTER": "prod", "ECS_RESERVED_MEMORY": "256"}),
        (
            "#cloud-config\nruncmd:\n  - echo ECS_CLUSTER=prod >> /etc/ecs/ecs.config\n",
            {"ECS_CLUSTER": "prod"},
        ),
        ("#!/bin/bash\nECS_CLUSTER=prod\nexport ECS_CLUSTER", {}),
        ("#!/bin/bash\n# echo ECS_CLUSTER=prod >> /etc/ecs/ecs.config", {}),
        ("#!/bin/bash\necho ECS_CLUSTER=prod >> /tmp/ecs.config", {}),
    ],
)
def test_what_reaches_the_agents_file_counts(script: str, expected: dict[str, str]) -> None:
    assert ecs_settings(encoded(script)) == expected


def test_compressed_and_absent() -> None:
    script = gzip.compress(b"echo ECS_CLUSTER=prod >> /etc/ecs/ecs.config")
    assert ecs_settings(base64.b64encode(script).decode()) == {"ECS_CLUSTER": "prod"}
    assert ecs_settings(None) == {}
