"""The lab's network load balancers: TCP listeners, target health, forwarding."""
