"""What moto lacks or does differently from AWS, one gap a file.

Each module says in its docstring what is missing upstream and has an `apply()` that closes it.
"""

from __future__ import annotations

import importlib
import threading

# In the order they are applied.
GAPS: list[str] = [
    "apigateway_apis",
    "apigateway_resources",
    "apigateway_integrations",
    "apigateway_validators",
    "apigateway_authorizers",
    "apigateway_openapi",
    "apigateway_deployments",
    "apigateway_stages",
    "apigateway_keys",
    "apigateway_usage_plans",
    "apigateway_plan_keys",
    "apigateway_account",
    "apigateway_tags",
    "apigateway_vpc_links",
    "apigateway_vpc_links_v2",
    "elbv2_load_balancers",
    "elbv2_load_balancer_attributes",
    "elbv2_subnets",
    "elbv2_target_groups",
    "elbv2_health_checks",
    "elbv2_listeners",
    "elbv2_target_health",
    "ec2_offerings",
    "ec2_images",
    "ec2_own_images",
    "ec2_launch_templates",
    "ec2_launch_template_tags",
    "ec2_instances",
    "ec2_fleets",
    "ec2_security_groups",
    "ec2_default_network",
    "ec2_vpc_endpoints",
    "ec2_vpc_dependencies",
    "ec2_nat_gateways",
    "ecs_memory_reservation",
    "ecr_registry",
    "ecs_services",
    "ecs_cluster_counts",
    "ecs_capacity_providers",
    "dynamodb_tables",
    "iam_managed_policies",
    "iam_profile_tags",
    "iam_simulation",
    "logs_retention",
    "logs_classes",
    "logs_filters",
    "dynamodb_encryption",
    "secretsmanager_descriptions",
    "pricing",
    "lambda_functions",
    "logs_subscriptions",
    "logs_metrics",
    "s3_buckets",
    "firehose_streams",
    "cloudwatch_alarms",
    "cloudwatch_dashboards",
    "scheduler_schedules",
    "events_targets",
    "ec2_metadata_tags",
    "wafv2_web_acls",
    "sns_topics",
    "ssm_commands",
    "tagging_resources",
]

_applied: set[str] = set()
_lock = threading.Lock()


def apply_all() -> None:
    """Close all gaps; once per process, however many labs it starts."""
    with _lock:
        for name in GAPS:
            if name not in _applied:
                importlib.import_module(f"lab.moto_gaps.{name}").apply()
                _applied.add(name)
