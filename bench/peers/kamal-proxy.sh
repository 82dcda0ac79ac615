#!/bin/sh
# kamal-proxy as a plain reverse proxy. @…@ is filled in by bench/stick/contestants.py. One worker: GOMAXPROCS, set there.
# The target is deployed once the proxy's socket answers; the proxy stays in the foreground. The access log can't be
# switched off: it goes to /dev/null. kamal-proxy sets X-Forwarded-For, -Proto, -Host and X-Request-Id itself.
export XDG_CONFIG_HOME=@FOLDER@ XDG_RUNTIME_DIR=@FOLDER@ XDG_STATE_HOME=@FOLDER@
(
    for _ in $(seq 100); do
        kamal-proxy deploy application --target @BACKEND@ --host @HOST@ --health-check-path /small && break
        sleep 0.1
    done
) >@FOLDER@/deploy.log 2>&1 &
exec kamal-proxy run --http-port @PORT@ --https-port @SPARE_PORT@ >/dev/null
