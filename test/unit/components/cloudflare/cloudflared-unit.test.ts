// Proves the connectors' unit file. systemd's own checker verifies it, where this machine has it.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { renderUnit } from "../../../../components/cloudflare/cloudflared/host";
import { startHost } from "../../../../sandbox/hosts";
import { parseUnit } from "../../../../sandbox/hosts/systemd/unit-file";
import { on } from "../../../../sandbox/test/hosts/kit";

const text = renderUnit(180, 60);

describe("connectors' unit file", () => {
    it("lets a connector stop by itself: systemd waits longer than its grace period", () => {
        const unit = parseUnit(text, "alpa-auth-cloudflared@1.service");
        assert.equal(unit.execStart[unit.execStart.indexOf("--grace-period") + 1], "180s");
        assert.equal(unit.timeoutStopMs, 200_000);
    });

    it("passes the token as a credential, to the service's own user", () => {
        const unit = parseUnit(text, "alpa-auth-cloudflared@2.service");
        assert.deepEqual(unit.credentials, [{ id: "token", path: "/etc/alpa-auth-cloudflared/token" }]);
        assert.equal(unit.dynamicUser, true);
        assert.deepEqual(unit.execStart.slice(-2), ["--token-file", "${CREDENTIALS_DIRECTORY}/token"]);
        assert.equal(unit.execStart[0], "/opt/alpa-auth-cloudflared/2/cloudflared");
    });

    if (spawnSync("systemd-analyze", ["--version"]).status === 0)
        it("is valid for systemd-analyze verify", async () => {
            const host = await startHost({ name: "head", users: ["root"] });
            const command =
                "mkdir -p /opt/alpa-auth-cloudflared/1 && cp /bin/true /opt/alpa-auth-cloudflared/1/cloudflared && " +
                "cat >/etc/systemd/system/alpa-auth-cloudflared@.service && " +
                "systemd-analyze verify alpa-auth-cloudflared@1.service 2>&1";
            const { stdout } = await on(host, command, text, "root").finally(() => host.close());
            assert.equal(stdout, "");
        });
});
