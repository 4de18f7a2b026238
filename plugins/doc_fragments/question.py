# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations


class ModuleDocFragment:
    # What is asked of an endpoint for chat completions, and how.
    DOCUMENTATION = r"""
options:
  url:
    description:
      - The URL to post to, such as C(https://example.com/v1/chat/completions).
    type: str
    required: true
  headers:
    description:
      - Further headers.
    type: dict
    default: {}
  model:
    description:
      - The model to ask.
    type: str
    required: true
  prompt:
    description:
      - What to ask.
    type: str
    default: Say hello.
  max_tokens:
    description:
      - How many tokens the answer may have.
    type: int
    default: 16
  timeout:
    description:
      - Seconds to wait for the answer, and for each further piece of it.
    type: int
    default: 300
  throttled_timeout:
    description:
      - For how many seconds the question is repeated where the answer is HTTP 429, too many requests, and that was not
        expected. Where the quota of the key is used up, the first one is enough.
    type: int
    default: 30
"""
