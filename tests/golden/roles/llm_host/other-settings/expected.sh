#!/usr/bin/env bash
# Tells the ECS agent which cluster this host belongs to. The agent starts by itself once cloud-init is done;
# starting it here would wait for ever.
cat >>/etc/ecs/ecs.config <<'SETTINGS'
ECS_CLUSTER=other
ECS_ENABLE_SPOT_INSTANCE_DRAINING=true
ECS_LOGLEVEL=warn
SETTINGS

# What a task is to see of its host and is not there, Docker makes for root alone; the engine may be somebody else.
for folder in /opt/central-llm/cache /opt/models; do
  [ -e "$folder" ] || install -d -m 1777 "$folder"
done

# Ends this host once its lease is over, from inside and without any credentials: the lease is a tag, which the metadata
# service shows, so that an extension reaches it. It answers without any network, too.
cat >/usr/local/sbin/central-llm-lease <<'PROGRAM'
#!/usr/bin/env bash
set -u
metadata=http://169.254.169.254/latest
# The RuntimeDirectory of a unit would be gone after each run where systemd is older than 235, as in Amazon Linux 2.
seen=/run/central-llm-lease
mkdir -p "$seen"
now=$(date +%s)
token=$(curl -sf -m 5 -X PUT -H 'X-aws-ec2-metadata-token-ttl-seconds: 60' "$metadata/api/token")
until=$(curl -sf -m 5 -H "X-aws-ec2-metadata-token: $token" "$metadata/meta-data/tags/instance/central-llm:lease-until")
end=
if [[ "$until" =~ ^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$ ]]; then
  end=$(date -d "$until" +%s 2>/dev/null)
fi
if [ -n "$end" ]; then
  echo "$end" >"$seen/end"
elif [ -s "$seen/end" ]; then
  # What was said last still holds, however long nothing is said.
  end=$(cat "$seen/end")
else
  # A lease that never was is over after a while.
  [ -e "$seen/missing" ] || echo "$now" >"$seen/missing"
  [ "$((now - $(cat "$seen/missing")))" -lt 600 ] || end=0
fi
if [ -n "$end" ] && [ "$now" -ge "$((end + 240))" ]; then
  echo "the lease is over: ${until:-there is none}"
  shutdown -h now
fi
PROGRAM
chmod 0755 /usr/local/sbin/central-llm-lease
cat >/etc/systemd/system/central-llm-lease.service <<'UNIT'
[Unit]
Description=End this host when its lease is over

[Service]
Type=oneshot
ExecStart=/usr/local/sbin/central-llm-lease
UNIT
cat >/etc/systemd/system/central-llm-lease.timer <<'UNIT'
[Unit]
Description=Look every minute whether the lease is over

[Timer]
OnCalendar=minutely
AccuracySec=1s

[Install]
WantedBy=timers.target
UNIT
systemctl daemon-reload
systemctl enable --now central-llm-lease.timer
