#!/bin/sh
# The broker's password file, before the broker starts: our own users get the passwords of .env, all others stay.
# It refuses what .env.example says, also for those who take no password from here.
set -eu
file=/mosquitto/data/passwords

for name in TIDEWALK_BROKER_PASSWORD TIDEWALK_INFLUX_TOKEN TIDEWALK_API_TOKEN COAST_PASSWORD HEALTH_PASSWORD \
  INFLUX_ADMIN_PASSWORD POSTGRES_PASSWORD GRAFANA_ADMIN_PASSWORD; do
  eval "value=\${$name:-}"
  case $value in
    *change-me*) echo "$name in .env still is what .env.example says; sh deploy/fill-env.sh makes a .env with secrets" >&2; exit 1 ;;
    '') echo "$name is empty; .env must say it" >&2; exit 1 ;;
  esac
done

[ -e "$file" ] || (umask 077 && : >"$file")
mosquitto_passwd -b "$file" tidewalk "$TIDEWALK_BROKER_PASSWORD"
mosquitto_passwd -b "$file" coast "$COAST_PASSWORD"
mosquitto_passwd -b "$file" health "$HEALTH_PASSWORD"
