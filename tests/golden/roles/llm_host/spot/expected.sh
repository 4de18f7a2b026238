#!/usr/bin/env bash
# Tells the ECS agent which cluster this host belongs to. The agent starts by itself once cloud-init is done;
# starting it here would wait for ever.
cat >>/etc/ecs/ecs.config <<'SETTINGS'
ECS_CLUSTER=central-llm-service-cluster
ECS_ENABLE_SPOT_INSTANCE_DRAINING=true
ECS_LOGLEVEL=warn
SETTINGS
