"""The lab's hosts: EC2 instances that run ECS tasks as processes, and the scheduler that places them."""
