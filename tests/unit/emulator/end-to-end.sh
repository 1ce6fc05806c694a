#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The emulator as its users see it: through curl, with good credentials and with bad ones. Signs
# with openssl(1) so that neither side of the signature comes from this project.
# Usage: end-to-end.sh EMULATOR CONTRACT-DIRECTORY
set -eu -o pipefail
export LC_ALL=C.UTF-8

emulator=$1
contract=$2
work=$(mktemp -d)
port=
pid=
number=0
failed=0
project=0a1b2c3d4e5f60718293a4b5c6d7e8f9   # cn-north-4
analytics=1b2c3d4e5f60718293a4b5c6d7e8f90a # cn-north-4_analytics
singapore=2c3d4e5f60718293a4b5c6d7e8f90a1b # ap-southeast-3
ak=HCLOUDFSDEMOACCESSKEY
sk=demo-secret-key-not-a-secret

command -v curl >/dev/null && command -v openssl >/dev/null || exit 77

# Ends the emulator; it must end well and have had nothing to complain of.
stop() {
        [ -n "$pid" ] || return 0
        kill "$pid"
        if ! wait "$pid" || [ -s "$work/err" ]; then
                sed 's/^/# /' "$work/err"
                failed=1
        fi
        pid=
}
trap 'stop; rm -rf "$work"' EXIT

# start OPTION…: a fresh emulator on a free port.
start() {
        local line
        stop
        rm -f "$work/out"
        mkfifo "$work/out"
        "$emulator" --contract "$contract" --tls-dir "$work/tls" "$@" >"$work/out" 2>"$work/err" &
        pid=$!
        read -r line <"$work/out" || { cat "$work/err"; exit 1; }
        port=${line##*:}
}

# is TEXT WANTED: one point of the protocol; WANTED is a pattern.
is() {
        number=$((number + 1))
        # shellcheck disable=SC2053 # a pattern on purpose
        if [[ $2 == $3 ]]; then
                echo "ok $number - $1"
        else
                echo "not ok $number - $1"
                printf '# wanted %s\n# got    %s\n' "$3" "$2"
                failed=1
        fi
}

# call HOST-LABELS PATH [CURL OPTION…]: prints "STATUS BODY"; headers go to $work/headers.
call() {
        local host=$1 path=$2
        shift 2
        curl -s --cacert "$work/tls/ca.pem" -D "$work/headers" -o "$work/body" -w '%{http_code} ' \
                "$@" "https://$host.localhost:$port$path" || echo "curl:$? "
        head -c 2000 "$work/body" 2>/dev/null || true
        rm -f "$work/body"
}

admin() { # PATH [CURL OPTION…]
        call emulator "$@" >/dev/null
}

# token USER PASSWORD SCOPE: prints the token.
token() {
        call iam.cn-north-4 /v3/auth/tokens -H 'Content-Type: application/json' -d "{\"auth\":{
                \"identity\":{\"methods\":[\"password\"],\"password\":{\"user\":{\"name\":\"$1\",
                \"password\":\"$2\",\"domain\":{\"name\":\"demo-domain\"}}}},\"scope\":$3}}" \
                >"$work/login"
        sed -n 's/^X-Subject-Token: \([^\r]*\).*/\1/Ip' "$work/headers"
}

sha256() {
        openssl dgst -sha256 -r | cut -d' ' -f1
}

# signed SK MINUTES HOST PATH [CURL OPTION…]: a GET signed with a clock that is off by that much.
signed() {
        local key=$1 minutes=$2 host=$3 path=$4 date canonical text signature
        shift 4
        date=$(date -u -d "$minutes minutes" +%Y%m%dT%H%M%SZ)
        canonical=$(printf 'GET\n%s/\n\nhost:%s\nx-sdk-date:%s\n\nhost;x-sdk-date\n%s' "$path" \
                "$host.localhost:$port" "$date" "$(printf '' | sha256)")
        text=$(printf 'SDK-HMAC-SHA256\n%s\n%s' "$date" "$(printf %s "$canonical" | sha256)")
        signature=$(printf %s "$text" | openssl dgst -sha256 -hmac "$key" -r | cut -d' ' -f1)
        call "$host" "$path" -H "X-Sdk-Date: $date" -H "Authorization: SDK-HMAC-SHA256 Access=$ak,\
 SignedHeaders=host;x-sdk-date, Signature=$signature" "$@"
}

clusters=/v1.0/$project/clusters
start --seed empty --request-log "$work/log" --token-life 3600

# Tokens.
is 'health' "$(call emulator /health)" '200 *"ok"*'
domain=$(token demo 'Demo-Passw0rd!' '{"domain":{"name":"demo-domain"}}')
good=$(token demo 'Demo-Passw0rd!' '{"project":{"name":"cn-north-4"}}')
is 'a password gives a token' "$(cat "$work/login")" '201 *"expires_at":"20*Z"*'
is 'a wrong password gives none' "$(token demo wrong '{"domain":{"name":"demo-domain"}}'
        cat "$work/login")" '401 *"error"*wrong*'
is 'a project token opens its project' \
        "$(call dws.cn-north-4 "$clusters" -H "X-Auth-Token: $good")" '200 *'
is 'an account token opens the account' "$(call ucs /v1/clusters -H "X-Auth-Token: $domain")" \
        '200 *'
is 'a project token does not' "$(call ucs /v1/clusters -H "X-Auth-Token: $good")" '403 *APIGW.0302*'
is 'an account token opens no project' \
        "$(call dws.cn-north-4 "$clusters" -H "X-Auth-Token: $domain")" '403 *APIGW.0302*'
is 'another project is closed' \
        "$(call dws.cn-north-4 "/v1.0/$analytics/clusters" -H "X-Auth-Token: $good")" \
        '403 *APIGW.0302*'
is 'another region is closed' \
        "$(call dws.ap-southeast-3 "$clusters" -H "X-Auth-Token: $good")" '401 *APIGW.0307*'
is 'no credentials' "$(call dws.cn-north-4 "$clusters")" '401 *APIGW.0301*x-auth-token not found*'
is 'an invented token' "$(call dws.cn-north-4 "$clusters" -H 'X-Auth-Token: x')" \
        '401 *decrypt token fail*'
is 'projects are found by name' "$(call iam.cn-north-4 '/v3/projects?name=ap-southeast-3' \
        -H "X-Auth-Token: $good")" "200 *$singapore*"
is 'the account is found' "$(call iam /v3/auth/domains -H "X-Auth-Token: $good")" \
        '200 *demo-domain*'
admin /clock -d '{"advance_ms": 3601000}'
is 'a token ends' "$(call dws.cn-north-4 "$clusters" -H "X-Auth-Token: $good")" \
        '401 *token expires*'
admin /clock -d '{"offset_ms": 0}'

# Signatures.
is 'a signature opens a project' "$(signed $sk 0 dws.cn-north-4 "$clusters")" '200 *'
is 'and the account' "$(signed $sk 0 ucs /v1/clusters)" '200 *'
is 'a sub-project must be named' \
        "$(signed $sk 0 dws.cn-north-4 "/v1.0/$analytics/clusters")" '403 *X-Project-Id is missing*'
is 'and then opens' "$(signed $sk 0 dws.cn-north-4 "/v1.0/$analytics/clusters" \
        -H "X-Project-Id: $analytics")" '200 *'
is 'an unknown project' "$(signed $sk 0 dws.cn-north-4 /v1.0/unknown/clusters)" '403 *APIGW.0310*'
is 'a clock 14 minutes off' "$(signed $sk -14 dws.cn-north-4 "$clusters")" '200 *'
is 'a clock 16 minutes off' "$(signed $sk 16 dws.cn-north-4 "$clusters")" \
        '401 *signature expired, signature time:*,server time:*'
for i in 1 2 3 4; do
        is "wrong key $i" "$(signed wrong 0 dws.cn-north-4 "$clusters")" \
                '401 *verify aksk signature fail*GET|/v1.0/*'
done
is 'a good one in between' "$(signed $sk 0 dws.cn-north-4 "$clusters")" '200 *'
for i in 1 2 3 4 5; do
        signed wrong 0 dws.cn-north-4 "$clusters" >/dev/null
done
is 'five in a row lock' "$(signed $sk 0 dws.cn-north-4 "$clusters")" \
        '401 *AK access failed to reach the limit,forbidden*'
admin /clock -d '{"advance_ms": 300000}'
is 'for five minutes' "$(signed $sk 5 dws.cn-north-4 "$clusters")" '200 *'
admin /clock -d '{"offset_ms": 0}'

# Temporary keys.
keys=$(call iam.cn-north-4 /v3.0/OS-CREDENTIAL/securitytokens -H "X-Auth-Token: $good" \
        -H 'Content-Type: application/json' \
        -d '{"auth":{"identity":{"methods":["token"],"token":{"duration_seconds":900}}}}')
is 'temporary keys' "$keys" '201 *"securitytoken"*'
member() { printf %s "$keys" | sed -n "s/.*\"$1\":\"\([^\"]*\)\".*/\1/p"; }
old_ak=$ak
ak=$(member access)
is 'need their token' "$(signed "$(member secret)" 0 dws.cn-north-4 "$clusters")" '401 *APIGW.0301*'
is 'and work with it' "$(signed "$(member secret)" 0 dws.cn-north-4 "$clusters" \
        -H "X-Security-Token: $(member securitytoken)")" '200 *'
admin /clock -d '{"advance_ms": 901000}'
is 'until they end' "$(signed "$(member secret)" 15 dws.cn-north-4 "$clusters" \
        -H "X-Security-Token: $(member securitytoken)")" '401 *security token expires*'
admin /clock -d '{"offset_ms": 0}'
ak=$old_ak

keys=$(call iam.cn-north-4 /v3.0/OS-CREDENTIAL/securitytokens -H "X-Auth-Token: $good" \
        -H 'Content-Type: application/json' -d '{"auth":{"identity":{"methods":["assume_role"],
        "assume_role":{"agency_name":"demo-agency","domain_name":"demo-domain"}}}}')
is 'keys of an agency' "$keys" '201 *"securitytoken"*'

# Engines.
is 'an open engine' "$(call sc /v4/default/registry/microservices)" '200 *'
is 'its configuration' "$(call kie '/v1/default/kie/kv?label=a:b')" '200 *'
is 'each on its own host' "$(call kie /v4/default/registry/microservices)" '400 *unknown path*'
is 'a closed engine' "$(call secure-sc /v4/default/registry/microservices)" '401 *401204*'
is 'a wrong login' "$(call secure-sc /v4/token -H 'Content-Type: application/json' \
        -d '{"name":"root","password":"x"}')" '401 *401202*'
bearer=$(call secure-sc /v4/token -H 'Content-Type: application/json' \
        -d '{"name":"root","password":"Demo-Passw0rd!"}' | sed -n 's/.*"token":"\([^"]*\)".*/\1/p')
is 'a login opens it' "$(call secure-sc /v4/default/registry/microservices \
        -H "Authorization: Bearer $bearer")" '200 *'
is 'a wrong bearer token' "$(call secure-sc /v4/default/registry/microservices \
        -H 'Authorization: Bearer x')" '401 *401201*'
is 'an unknown engine' "$(call registry-nowhere /v4/default/registry/microservices)" \
        '404 *APIGW.0101*'
is 'an unknown host' "$(call nowhere /)" '404 *APIGW.0101*'

# The contract.
admin /reset-log -X POST
is 'an unknown parameter' "$(call dws.cn-north-4 "$clusters?colour=red" -H "X-Auth-Token: $good")" \
        '400 *"error_code":"DWS.*unknown query parameter colour*'
is 'an unknown path' "$(call ucs /v1/nothing)" '400 *unknown path*'
requests=$(call emulator '/requests?since=0')
is 'violations are logged' "$requests" '*"violation":"unknown query parameter colour"*'
is 'with the operation' "$requests" '*"service":"dws","operationId":"listClusters","method":"GET"*'
is 'no secret is logged' "$(grep -cE "$good|$domain|$sk|Passw0rd|$bearer" "$work/log" || true)" 0
is 'and no fault of the emulator' "$(grep -c '"fault":' "$work/log" || true)" 0

# Faults.
sc=/v4/default/registry/microservices
attempt() { call iam /v3/auth/domains -H "X-Auth-Token: $good"; }
rules() { admin /faults --data-binary "$1"; }
rules 'GET iam.*/v3/* times=1 status=503 retry-after=7'
is 'a status' "$(attempt)" '503 *'
is 'with Retry-After' "$(cat "$work/headers")" '*Retry-After: 7*'
is 'only so often' "$(attempt)" '200 *'
rules '* /v3/* html'
is 'a page' "$(attempt)" '502 <html>*'
rules '* /v3/* status=504 empty'
is 'nothing at all' "$(attempt)" '504 '
rules '* /v3/* cut'
is 'a cut body' "$(attempt)" '200 curl:18 *'
rules '* /v3/* wrong-length'
is 'a wrong length' "$(attempt)" '200 {*[!}]'
rules '* /v3/* invalid-json'
is 'invalid JSON' "$(attempt)" '200 {*/v3/auth/domains"}'
rules '* /v3/* reset'
is 'a reset' "$(attempt)" '000 curl:@(35|52|55|56) '
rules '* /v3/* huge'
is 'a huge body' "$(curl -s --cacert "$work/tls/ca.pem" -o /dev/null -w '%{size_download}' \
        -H "X-Auth-Token: $good" "https://iam.localhost:$port/v3/auth/domains")" '671*'
rules 'GET /v3/projects* repeat-page'
is 'a repeated page' "$(call iam '/v3/projects?page=2&per_page=1' -H "X-Auth-Token: $good")" \
        "200 *$project*"
kv=/v1/default/kie/kv
put_key() {
        call kie $kv -H 'Content-Type: application/json' -d "{\"key\":\"$1\",\"value\":\"v\"}"
}
rules ''
put_key first >/dev/null
call kie $kv >/dev/null
put_key second >/dev/null
rules "GET $kv times=1 stale"
is 'an old answer' "$(call kie $kv)" '200 *"total":1*'
is 'and then the new one' "$(call kie $kv)" '200 *"total":2*'
rules "GET $kv unknown-state"
is 'an unknown state' "$(call kie $kv)" '200 *"status":"EMULATOR_UNKNOWN"*'
rules ''

# Long poll: whoever waits hears of a change at once, and does not hold up others.
revision=$(call kie $kv >/dev/null; sed -n 's/^X-Kie-Revision: \([0-9]*\).*/\1/Ip' "$work/headers")
began=$(date +%s)
curl -s --cacert "$work/tls/ca.pem" -w '%{http_code}' -o "$work/polled" \
        "https://kie.localhost:$port$kv?revision=$revision&wait=60s" \
        >"$work/status" &
poll=$!
put_key third >/dev/null
wait $poll
is 'a change ends a long poll' "$(cat "$work/status" "$work/polled")" '200*"third"*'
is 'before its time' $(($(date +%s) - began < 30)) 1

# Watch: an answer without an end.
bearer=demo-kubernetes-token
maps=/api/v1/namespaces/default/configmaps
is 'a cluster' "$(call kubernetes /version -H "Authorization: Bearer $bearer")" '200 *'
is 'needs a token' "$(call kubernetes /version)" '401 *"kind":"Status"*"reason":"Unauthorized"*'
version=$(call kubernetes $maps -H "Authorization: Bearer $bearer" |
        sed -n 's/.*"resourceVersion":"\([0-9]*\)".*/\1/p')
exec 3< <(curl -sN --cacert "$work/tls/ca.pem" -H "Authorization: Bearer $bearer" \
        "https://kubernetes.localhost:$port$maps?watch=true&resourceVersion=$version")
call kubernetes $maps -H "Authorization: Bearer $bearer" -H 'Content-Type: application/json' \
        -d '{"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":"seen"}}' >/dev/null
read -r line <&3
is 'a watch tells of what is made' "$line" '{"type":"ADDED"*"seen"*'
exec 3<&-

rules 'POST /v3.0/* processed-then-reset'
user='{"user":{"domain_id":"65382450e8f64ac0870cd180d14e684b","name":"twin",
        "password":"Twin-Passw0rd!"}}'
create() {
        call iam /v3.0/OS-USER/users -H "X-Auth-Token: $good" \
                -H 'Content-Type: application/json' -d "$user"
}
is 'a reset after the work' "$(create)" '000 curl:@(35|52|55|56) '
rules ''
is 'which was done' "$(create)" '409 *'
is 'wrong rules are refused' "$(call emulator /faults -d 'GET /x colour')" '400 *line 1*'

# Keep-alive and concurrency.
is 'connections are kept' "$(curl -s --cacert "$work/tls/ca.pem" -o /dev/null -o /dev/null \
        -w '%{num_connects}' "https://sc.localhost:$port$sc" "https://sc.localhost:$port$sc")" 10
start --seed empty --plain --latency 400 --rate 100/60
began=$(date +%s)
urls=()
for i in {1..64}; do
        urls+=("http://sc.localhost:$port$sc" -o /dev/null)
done
is 'delays overlap' \
        "$(curl -s --parallel --parallel-immediate --parallel-max 64 -w '%{http_code}\n' \
        "${urls[@]}" 2>/dev/null | sort | uniq -c | tr -s ' '
        [ $(($(date +%s) - began)) -lt 16 ] || echo slow)" ' 64 200'
for i in {1..36}; do
        urls+=("http://sc.localhost:$port$sc" -o /dev/null)
done
curl -s --parallel --parallel-max 64 "${urls[@]:192}" >/dev/null 2>&1
is 'there is a limit' "$(curl -s "http://sc.localhost:$port$sc")" \
        '*APIGW.0308*policy user over ratelimit,limit:100,time:1 minute*'

# State.
start --seed empty --state "$work/state"
good=$(token demo 'Demo-Passw0rd!' '{"domain":{"name":"demo-domain"}}')
create >/dev/null
start --seed empty --state "$work/state"
is 'the state lasts' "$(token twin 'Twin-Passw0rd!' '{"domain":{"name":"demo-domain"}}')" 'MII*'
is 'so do tokens' "$(call ucs /v1/clusters -H "X-Auth-Token: $good")" '200 *'
is 'in a private file' "$(stat -c %a "$work/state")" 600
stop

cat >"$work/seed" <<'EOF'
{"account": {"projects": [{"name": "cn-east-3", "id": "3d4e5f60718293a4b5c6d7e8f90a1b2c"}],
             "keys": [{"access": "OPSKEY", "secret": "ops-secret", "user": "demo"}]},
 "objects": [{"kind": "kie/none", "scope": "x", "id": "1", "object": {}}]}
EOF
start --seed "$work/seed"
ak=OPSKEY
is 'a seed file adds keys and projects' \
        "$(signed ops-secret 0 iam.cn-east-3 /v3/projects)" '200 *"cn-east-3"*'
is 'and regions' "$(signed ops-secret 0 dws.cn-east-3 \
        /v1.0/3d4e5f60718293a4b5c6d7e8f90a1b2c/clusters)" '200 *'
stop

# The command line.
is 'it ends with its input' "$("$emulator" --plain --contract "$contract" --seed empty \
        --exit-with-parent </dev/null)" 'listening on http://127.0.0.1:*'
is 'the version' "$("$emulator" --version)" 'hcloud-emulator *'
is 'the help' "$("$emulator" --help)" 'Usage: *'
is 'only loopback' "$("$emulator" --listen 0.0.0.0:0 2>&1 || true)" \
        '*not an address of the loopback*'
is 'a wrong number' "$("$emulator" --latency x 2>&1 || true)" '*--latency needs a number*'
is 'no contract' "$("$emulator" --contract /nowhere 2>&1 || true)" \
        '*cannot read the contract /nowhere/*'
is 'a wrong seed' "$("$emulator" --contract "$contract" --seed /nowhere 2>&1 || true)" \
        '*cannot seed from*'
is 'a wrong option' "$("$emulator" --colour 2>&1 || true)" '*--help*'

# status OPTION…: how it ends that cannot start.
status() {
        local status=0
        "$emulator" "$@" >/dev/null 2>&1 || status=$?
        echo "$status"
}
is 'a status without a contract' "$(status --contract /nowhere)" 1
is 'a status where it may not listen' \
        "$(status --contract "$contract" --listen 0.0.0.0:0)" 1
is 'a status where it cannot listen' "$(status --contract "$contract" --listen nowhere)" 1
is 'a status where it cannot write' \
        "$(status --contract "$contract" --request-log /nowhere/log)" 1

echo "1..$number"
exit $failed
