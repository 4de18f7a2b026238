# The fourteen resources as Terraform makes them.
terraform {
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 5.100"
    }
  }
}

variable "endpoint" {
  type = string
}

provider "aws" {
  region                      = "eu-central-1"
  access_key                  = "lab"
  secret_key                  = "lab"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_requesting_account_id  = true
  endpoints {
    apigateway = var.endpoint
    dynamodb   = var.endpoint
    ec2        = var.endpoint
    ecs        = var.endpoint
    elbv2      = var.endpoint
    iam        = var.endpoint
    logs       = var.endpoint
    sts        = var.endpoint
  }
}

data "aws_vpc" "default" {
  default = true
}

data "aws_subnets" "default" {
  filter {
    name   = "vpc-id"
    values = [data.aws_vpc.default.id]
  }
}

resource "aws_security_group" "balancer" {
  name        = "bench-balancer"
  description = "Bench: the balancer"
  vpc_id      = data.aws_vpc.default.id
  ingress {
    protocol    = "tcp"
    from_port   = 443
    to_port     = 443
    cidr_blocks = ["10.0.0.0/8"]
  }
}

resource "aws_security_group" "host" {
  name        = "bench-host"
  description = "Bench: the hosts"
  vpc_id      = data.aws_vpc.default.id
  ingress {
    protocol        = "tcp"
    from_port       = 8000
    to_port         = 8000
    security_groups = [aws_security_group.balancer.id]
  }
}

resource "aws_iam_role" "host" {
  name = "bench-host"
  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Principal = { Service = "ec2.amazonaws.com" }, Action = "sts:AssumeRole" }]
  })
}

resource "aws_iam_instance_profile" "host" {
  name = "bench-host"
  role = aws_iam_role.host.name
}

variable "image" {
  type = string
}

resource "aws_launch_template" "host" {
  name                   = "bench-host"
  image_id               = var.image
  instance_type          = "g6e.2xlarge"
  vpc_security_group_ids = [aws_security_group.host.id]
  iam_instance_profile {
    arn = aws_iam_instance_profile.host.arn
  }
}

resource "aws_lb" "balancer" {
  name               = "bench"
  load_balancer_type = "network"
  internal           = true
  subnets            = data.aws_subnets.default.ids
  security_groups    = [aws_security_group.balancer.id]
}

resource "aws_lb_target_group" "engine" {
  name     = "bench"
  protocol = "TCP"
  port     = 8000
  vpc_id   = data.aws_vpc.default.id
}

resource "aws_lb_listener" "engine" {
  load_balancer_arn = aws_lb.balancer.arn
  protocol          = "TCP"
  port              = 8000
  default_action {
    type             = "forward"
    target_group_arn = aws_lb_target_group.engine.arn
  }
}

resource "aws_ecs_cluster" "bench" {
  name = "bench"
}

resource "aws_ecs_task_definition" "engine" {
  family                   = "bench"
  network_mode             = "bridge"
  requires_compatibilities = ["EC2"]
  container_definitions = jsonencode([{
    name         = "engine"
    image        = "vllm:1"
    memory       = 1024
    cpu          = 256
    essential    = true
    portMappings = [{ containerPort = 8000, hostPort = 8000, protocol = "tcp" }]
  }])
}

resource "aws_ecs_service" "engine" {
  name                          = "bench"
  cluster                       = aws_ecs_cluster.bench.id
  task_definition               = aws_ecs_task_definition.engine.arn
  desired_count                 = 0
  availability_zone_rebalancing = "DISABLED"
}

resource "aws_cloudwatch_log_group" "bench" {
  name              = "/bench/engine"
  retention_in_days = 7
}

resource "aws_dynamodb_table" "bench" {
  name         = "bench"
  billing_mode = "PAY_PER_REQUEST"
  hash_key     = "pk"
  attribute {
    name = "pk"
    type = "S"
  }
}

resource "aws_api_gateway_usage_plan" "bench" {
  name = "bench"
  throttle_settings {
    rate_limit  = 5
    burst_limit = 10
  }
}
