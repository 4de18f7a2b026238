"""nvidia-smi, as far as somebody asks which GPUs there are."""

import json
import sys
from pathlib import Path

gpus = json.loads(Path("/usr/local/lab/world.json").read_text(encoding="utf-8"))["gpus"]
if not gpus:
    print("NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver.")
    sys.exit(9)
query = next((word for word in sys.argv if word.startswith("--query-gpu=")), "")
known = {"name": "NVIDIA L40S", "driver_version": "580.159.03", "memory.total": "46068 MiB"}
for number in range(gpus):
    if query:
        print(", ".join(known.get(field, "[N/A]") for field in query.partition("=")[2].split(",")))
    else:
        print(f"GPU {number}: {known['name']} (UUID: GPU-{number:08d})")
