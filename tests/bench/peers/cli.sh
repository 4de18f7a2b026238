#!/usr/bin/env bash
# The fourteen resources as a careful script makes them: look whether each exists, make it if not. It compares nothing.
set -euo pipefail
trust='{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]}'

# What a lookup prints, or nothing where it finds nothing.
find() { "$@" --output text 2>/dev/null | sed 's/^None$//' || true; }

vpc=$(aws ec2 describe-vpcs --filters Name=isDefault,Values=true --query 'Vpcs[0].VpcId' --output text)
read -ra subnets < <(aws ec2 describe-subnets --filters "Name=vpc-id,Values=$vpc" --query 'Subnets[].SubnetId' --output text)

group() { # name, description: prints its id, and 'new' behind it where it was made
	local id
	id=$(find aws ec2 describe-security-groups --filters "Name=vpc-id,Values=$vpc" "Name=group-name,Values=$1" \
		--query 'SecurityGroups[0].GroupId')
	[ -n "$id" ] && { echo "$id"; return; }
	echo "$(aws ec2 create-security-group --group-name "$1" --description "$2" --vpc-id "$vpc" --query GroupId --output text) new"
}

read -r balancer_group new < <(group bench-balancer "Bench: the balancer") || true
[ -z "$new" ] || aws ec2 authorize-security-group-ingress --group-id "$balancer_group" --protocol tcp --port 443 \
	--cidr 10.0.0.0/8 >/dev/null
read -r host_group new < <(group bench-host "Bench: the hosts") || true
[ -z "$new" ] || aws ec2 authorize-security-group-ingress --group-id "$host_group" --protocol tcp --port 8000 \
	--source-group "$balancer_group" >/dev/null

aws iam get-role --role-name bench-host >/dev/null 2>&1 ||
	aws iam create-role --role-name bench-host --assume-role-policy-document "$trust" >/dev/null
profile=$(find aws iam get-instance-profile --instance-profile-name bench-host --query InstanceProfile.Arn)
if [ -z "$profile" ]; then
	profile=$(aws iam create-instance-profile --instance-profile-name bench-host --query InstanceProfile.Arn --output text)
	aws iam add-role-to-instance-profile --instance-profile-name bench-host --role-name bench-host
fi

aws ec2 describe-launch-templates --launch-template-names bench-host >/dev/null 2>&1 ||
	aws ec2 create-launch-template --launch-template-name bench-host --launch-template-data "{
		\"ImageId\": \"$BENCH_IMAGE\", \"InstanceType\": \"g6e.2xlarge\", \"SecurityGroupIds\": [\"$host_group\"],
		\"IamInstanceProfile\": {\"Arn\": \"$profile\"}}" >/dev/null

balancer=$(find aws elbv2 describe-load-balancers --names bench --query 'LoadBalancers[0].LoadBalancerArn')
[ -n "$balancer" ] || balancer=$(aws elbv2 create-load-balancer --name bench --type network --scheme internal \
	--subnets "${subnets[@]}" --security-groups "$balancer_group" --query 'LoadBalancers[0].LoadBalancerArn' --output text)
targets=$(find aws elbv2 describe-target-groups --names bench --query 'TargetGroups[0].TargetGroupArn')
[ -n "$targets" ] || targets=$(aws elbv2 create-target-group --name bench --protocol TCP --port 8000 --vpc-id "$vpc" \
	--query 'TargetGroups[0].TargetGroupArn' --output text)
listener=$(find aws elbv2 describe-listeners --load-balancer-arn "$balancer" --query 'Listeners[0].ListenerArn')
[ -n "$listener" ] || aws elbv2 create-listener --load-balancer-arn "$balancer" --protocol TCP --port 8000 \
	--default-actions "Type=forward,TargetGroupArn=$targets" >/dev/null

cluster=$(find aws ecs describe-clusters --clusters bench --query "clusters[?status=='ACTIVE'].clusterArn")
[ -n "$cluster" ] || aws ecs create-cluster --cluster-name bench >/dev/null
aws ecs describe-task-definition --task-definition bench >/dev/null 2>&1 ||
	aws ecs register-task-definition --family bench --network-mode bridge --requires-compatibilities EC2 \
		--container-definitions '[{"name": "engine", "image": "vllm:1", "memory": 1024, "cpu": 256, "essential": true,
			"portMappings": [{"containerPort": 8000, "hostPort": 8000, "protocol": "tcp"}]}]' >/dev/null
service=$(find aws ecs describe-services --cluster bench --services bench --query "services[?status=='ACTIVE'].serviceArn")
[ -n "$service" ] || aws ecs create-service --cluster bench --service-name bench --task-definition bench \
	--desired-count 0 >/dev/null

group=$(find aws logs describe-log-groups --log-group-name-prefix /bench/engine --query 'logGroups[0].logGroupName')
if [ -z "$group" ]; then
	aws logs create-log-group --log-group-name /bench/engine
	aws logs put-retention-policy --log-group-name /bench/engine --retention-in-days 7
fi
if ! aws dynamodb describe-table --table-name bench >/dev/null 2>&1; then
	aws dynamodb create-table --table-name bench --billing-mode PAY_PER_REQUEST \
		--attribute-definitions AttributeName=pk,AttributeType=S --key-schema AttributeName=pk,KeyType=HASH >/dev/null
	aws dynamodb wait table-exists --table-name bench
fi
plan=$(find aws apigateway get-usage-plans --query "items[?name=='bench'].id")
[ -n "$plan" ] || aws apigateway create-usage-plan --name bench --throttle rateLimit=5,burstLimit=10 >/dev/null
