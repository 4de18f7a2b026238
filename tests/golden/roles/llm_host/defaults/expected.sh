#!/usr/bin/env bash
# Tells the ECS agent which cluster this host belongs to. The agent starts by itself once cloud-init is done;
# starting it here would wait for ever.
cat >>/etc/ecs/ecs.config <<'SETTINGS'
ECS_CLUSTER=central-llm-service-cluster
ECS_AWSVPC_BLOCK_IMDS=true
ECS_CONTAINER_CREATE_TIMEOUT=15m
ECS_CONTAINER_START_TIMEOUT=15m
ECS_IMAGE_PULL_BEHAVIOR=prefer-cached
SETTINGS
