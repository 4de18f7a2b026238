"""The lab's engine: the real vLLM on the CPU in an environment of its own, and a small stand-in for fast tests."""
