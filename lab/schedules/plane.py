"""EventBridge's schedules and scheduled rules, and CloudWatch's alarms, as sources of the lab's clock."""

from __future__ import annotations

import json
import logging
import typing as t
import uuid
from dataclasses import dataclass

from moto import backends

from lab.clock import Source
from lab.context import LabContext
from lab.metrics.alarms import Alarms
from lab.schedules import deliveries, expressions

log = logging.getLogger("lab.schedules")


def regions(service: t.Any, account: str) -> list[tuple[str, t.Any]]:
    """moto's backends of a service, those that hold something among them."""
    return list(backends.get_backend(service)[account].items())


@dataclass
class Pending:
    """When a schedule runs next."""

    meaning: tuple[t.Any, ...]
    due: float | None
    attempts: int = 0
    first: float = 0.0


class Schedules:
    """EventBridge Scheduler's."""

    def __init__(self, ctx: LabContext) -> None:
        self._ctx = ctx
        self._pending: dict[str, Pending] = {}

    def next_due(self) -> float | None:
        now = self._ctx.clock.now()
        there: dict[str, Pending] = {}
        for _region, scheduler in regions("scheduler", self._ctx.account_id):
            for group in scheduler.schedule_groups.values():
                for schedule in list(group.schedules.values()):
                    meaning = (schedule.schedule_expression, schedule.schedule_expression_timezone, schedule.state)
                    known = self._pending.get(schedule.arn)
                    there[schedule.arn] = known if known and known.meaning == meaning else self._enter(meaning, now)
        self._pending = there
        return min((each.due for each in there.values() if each.due is not None), default=None)

    @staticmethod
    def _enter(meaning: tuple[str, str, str], now: float) -> Pending:
        expression, zone, state = meaning
        if state != "ENABLED":
            return Pending(meaning, None)
        moment = expressions.at(expression, zone)
        if moment is not None:
            # One that lies in the past when it is set never runs.
            return Pending(meaning, moment if moment > now else None)
        return Pending(meaning, now + (expressions.rate(expression) or 0.0))

    def fire(self, now: float) -> None:
        for region, scheduler in regions("scheduler", self._ctx.account_id):
            for group in scheduler.schedule_groups.values():
                for schedule in list(group.schedules.values()):
                    each = self._pending.get(schedule.arn)
                    if each and each.due is not None and each.due <= now:
                        self._run(region, group, schedule, each, now)

    def _run(self, region: str, group: t.Any, schedule: t.Any, each: Pending, now: float) -> None:
        each.attempts += 1
        each.first = each.first or now
        try:
            deliveries.carry_out(self._ctx, region, schedule.target)
            log.info("schedule %s: done", schedule.name)
        except deliveries.Failed as failure:
            policy = schedule.target["RetryPolicy"]
            delay = min(2.0**each.attempts, 600.0)
            if (
                failure.again
                and each.attempts <= policy.get("MaximumRetryAttempts", 185)
                and now + delay - each.first <= policy.get("MaximumEventAgeInSeconds", 86400)
            ):
                each.due = now + delay
                return
            deliveries.to_dead_letters(self._ctx, schedule, failure, each.attempts - 1)
        period = expressions.rate(schedule.schedule_expression)
        each.due, each.attempts, each.first = (now + period if period else None), 0, 0.0
        if not period and schedule.action_after_completion == "DELETE":
            group.schedules.pop(schedule.name, None)

    def restart(self, now: float) -> None:
        self._pending.clear()


class Rules:
    """EventBridge's rules with a rate: their targets get a "Scheduled Event"."""

    def __init__(self, ctx: LabContext) -> None:
        self._ctx = ctx
        self._due: dict[tuple[str, str], float] = {}

    def next_due(self) -> float | None:
        now = self._ctx.clock.now()
        there = {}
        for _region, rule, period in self._scheduled():
            key = (rule.arn, rule.scheduled_expression)
            there[key] = self._due.get(key, now + period)
        self._due = there
        return min(there.values(), default=None)

    def _scheduled(self) -> t.Iterator[tuple[str, t.Any, float]]:
        for region, events in regions("events", self._ctx.account_id):
            for rule in list(events.event_buses["default"].rules.values()):
                period = expressions.rate(rule.scheduled_expression or "")
                if period and rule.state == "ENABLED":
                    yield region, rule, period

    def fire(self, now: float) -> None:
        for region, rule, period in self._scheduled():
            key = (rule.arn, rule.scheduled_expression)
            if self._due.get(key, now + 1) <= now:
                self._due[key] = now + period
                for target in list(rule.targets):
                    self._deliver(region, rule, target)

    def _deliver(self, region: str, rule: t.Any, target: dict[str, t.Any]) -> None:
        from lab.functions.plane import NotInvoked

        if ":lambda:" not in target["Arn"] or self._ctx.functions is None:
            log.warning("rule %s: the lab's rules reach functions only, not %s", rule.name, target["Arn"])
            return
        event = {
            "version": "0",
            "id": str(uuid.uuid4()),
            "detail-type": "Scheduled Event",
            "source": "aws.events",
            "account": self._ctx.account_id,
            "time": self._ctx.clock.utc().strftime("%Y-%m-%dT%H:%M:%SZ"),
            "region": region,
            "resources": [rule.arn],
            "detail": {},
        }
        payload = target.get("Input") or json.dumps(event)
        try:
            self._ctx.functions.invoke_later(target["Arn"], payload, "events.amazonaws.com", rule.arn)
        except NotInvoked as refusal:
            log.warning("rule %s: %s", rule.name, refusal)
        except Exception as error:
            log.warning("rule %s: %s is not there: %s", rule.name, target["Arn"], error)

    def restart(self, now: float) -> None:
        self._due.clear()


class SchedulesPlane:
    name = "schedules"

    def start(self, ctx: LabContext) -> None:
        self._ctx = ctx
        self._sources: list[Source] = [Schedules(ctx), Rules(ctx), Alarms(ctx)]
        for source in self._sources:
            ctx.clock.follow(source)

    def stop(self) -> None:
        for source in self._sources:
            self._ctx.clock.leave(source)
