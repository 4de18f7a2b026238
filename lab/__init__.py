"""AWS on this machine: the control plane, the gateway's edge, the balancer and the hosts, on loopback only."""
