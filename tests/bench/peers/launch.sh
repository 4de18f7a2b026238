#!/usr/bin/env bash
# A session as somebody starts it by hand from a checklist: launch a host, ask for a task, look every second until it runs
# and its target is healthy, then ask the service. BENCH_URL is where that answers.
set -euo pipefail
cluster=central-llm-service-cluster service=central-llm-service

aws ec2 run-instances --launch-template LaunchTemplateName=central-llm-launch-template --count 1 >/dev/null
aws ecs update-service --cluster "$cluster" --service "$service" --desired-count 1 >/dev/null
running() {
	aws ecs describe-services --cluster "$cluster" --services "$service" --query 'services[0].runningCount' --output text
}
until [ "$(running)" = 1 ]; do sleep 1; done

group=$(aws elbv2 describe-target-groups --names central-llm-nlb-tg --query 'TargetGroups[0].TargetGroupArn' --output text)
health() {
	aws elbv2 describe-target-health --target-group-arn "$group" \
		--query 'TargetHealthDescriptions[].TargetHealth.State' --output text
}
until [ "$(health)" = healthy ]; do sleep 1; done

# The key goes from hand to hand by a pipe: no argument of a process shows it.
key=$(aws apigateway get-api-keys --name-query central-llm-client --include-values --query 'items[0].value' --output text)
curl --silent --show-error --fail --output /dev/null --config - <<REQUEST
url = "$BENCH_URL/chat/completions"
header = "x-api-key: $key"
header = "Content-Type: application/json"
header = "x-llm-source: bench"
header = "x-llm-user: bench"
header = "x-llm-request-type: bench"
data = "{\"model\": \"tiny\", \"messages\": [{\"role\": \"user\", \"content\": \"Say hello.\"}]}"
REQUEST
