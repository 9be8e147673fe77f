// Proves what the watchdog does on a host. A real shell runs its scripts over SSH on a sandbox host. systemd and Alpa
// are emulators.
import assert from "node:assert/strict";
import * as fs from "node:fs";
import * as path from "node:path";
import { installWords, watchdogScript, type HostWatchdog } from "../../../../components/hosts/watchdog/scripts";
import { commandLine } from "../../../../components/hosts/ssh-script";
import { startAlpa, type Alpa } from "../../../../sandbox/alpa/server";
import { type Host, type HostOptions, startHost } from "../../../../sandbox/hosts";
import { waitFor } from "../../../../sandbox/processes";
import { on } from "../../../../sandbox/test/hosts/kit";

const SERVICE = "alpa-auth-watchdog.service";
const TIMER = "alpa-auth-watchdog.timer";
/** The operator's own unit of Alpa, which only sleeps here. */
const ALPA_UNIT = "[Service]\nExecStart=/bin/sleep 600\n\n[Install]\nWantedBy=multi-user.target\n";

describe("a watchdog on Alpa's host", () => {
    let host: Host;
    let alpa: Alpa;

    const start = async (options: Partial<HostOptions> = {}) => {
        alpa = await startAlpa({ port: 0 });
        host = await startHost({ name: "head", files: { "etc/systemd/system/alpa.service": ALPA_UNIT }, ...options });
    };
    afterEach(async () => {
        await host.close();
        await alpa.close();
    });

    interface Wish extends Partial<HostWatchdog> {
        place?: string;
        owner?: string;
    }
    const run = (verb: "install" | "remove", wish: Wish = {}) => {
        const { place = "10.0.0.5", owner = "alpa-auth/dev", ...more } = wish;
        const limits = { port: alpa.port, model: "default", idleSeconds: 2, stuckSeconds: 60 };
        const watchdog = { ...limits, ...more };
        const words = verb === "install" ? installWords(watchdog) : ["remove"];
        return on(host, commandLine(place, owner, ...words), watchdogScript(watchdog));
    };
    const at = (file: string) => path.join(host.root, file);
    const state = () => {
        const text = fs.existsSync(at("run/alpa-auth-watchdog/state"))
            ? fs.readFileSync(at("run/alpa-auth-watchdog/state"), "utf8")
            : "";
        return Object.fromEntries(text.split("\n").map((line) => line.split(/=(.*)/).slice(0, 2))) as Record<
            string,
            string
        >;
    };
    const until = (what: string, found: () => boolean) => waitFor(what, found, { seconds: 60, everyMilliseconds: 20 });
    const endBatchLoop = async () => {
        const body = JSON.stringify({ model: "default", prompt: "a", max_tokens: 4, n: 2 });
        void fetch(`http://127.0.0.1:${alpa.port}/completions`, { method: "POST", body }).catch(() => undefined);
        await waitFor("batch loop: ended", () => alpa.died(), { seconds: 10 });
    };
    const isFailed = async (unit: string) => (await host.systemctl("is-failed", unit)).code === 0;
    const fails = (said: RegExp) => (error: Error) => (assert.match(error.message, said), true);

    it("reports that Alpa answers, and starts with the host", async () => {
        await start();
        await run("install");
        await until("state: written", () => state().state === "answers");
        assert.equal(state().why, "a completion was answered");
        assert.equal((await host.systemctl("is-enabled", TIMER)).out.trim(), "enabled");
        assert.equal(await isFailed(SERVICE), false);
    });

    it("reports an Alpa whose batch loop has ended, and does not restart it unless configured", async () => {
        await start();
        await host.systemctl("start", "alpa.service");
        const before = host.pidOf("alpa.service");
        await endBatchLoop();
        await run("install");
        await until("state: stuck", () => state().state === "stuck");
        await waitFor("service: failed", () => isFailed(SERVICE), { seconds: 10 });
        const { out } = await host.systemctl("status", SERVICE);
        assert.match(out, /stuck: a completion waits for an answer, .*: the batch loop has ended$/m);
        assert.equal(host.pidOf("alpa.service"), before);
    });

    it("restarts Alpa's service where configured, and not again before its pause is over", async () => {
        await start();
        await host.systemctl("start", "alpa.service");
        const before = host.pidOf("alpa.service");
        await endBatchLoop();
        await run("install", { restart: { unit: "alpa.service", pauseSeconds: 600 } });
        await until("state: stuck", () => state().restarts === "1");
        assert.match(state().why, /; alpa\.service was restarted$/);
        const after = host.pidOf("alpa.service");
        assert.ok(after !== undefined && after !== before);
        // Waits for the end of the first check: a start of a running oneshot service would only join the running check.
        await waitFor("service: failed", () => isFailed(SERVICE), { seconds: 10 });
        await host.systemctl("start", SERVICE);
        assert.match(state().why, /; alpa\.service was restarted less than 600 s ago$/);
        assert.deepEqual([state().restarts, host.pidOf("alpa.service")], ["1", after]);
    });

    it("does not start a service that was stopped, for example by a conversion", async () => {
        await start();
        await endBatchLoop();
        await run("install", { restart: { unit: "alpa.service", pauseSeconds: 600 } });
        await until("state: stuck", () => state().state === "stuck");
        assert.match(state().why, /; alpa\.service does not run$/);
        assert.equal(host.pidOf("alpa.service"), undefined);
    });

    it("can be changed in place, and installed twice without effect", async () => {
        await start();
        await run("install");
        await run("install", { stuckSeconds: 90 });
        assert.match(fs.readFileSync(at("etc/alpa-auth-watchdog/check-progress.sh"), "utf8"), /stuck_seconds=90/);
        fs.writeFileSync(at("etc/alpa-auth-watchdog/look.sh"), "");
        await run("install", { stuckSeconds: 90 });
        assert.ok(!fs.existsSync(at("etc/alpa-auth-watchdog/look.sh")), "the script of an earlier version");
        await until("state: written", () => state().state === "answers");
    });

    it("is removed completely, and not where another stack owns it", async () => {
        await start();
        await run("install");
        await assert.rejects(
            run("install", { owner: "alpa-auth/other" }),
            fails(/10\.0\.0\.5: this host has the watchdog of another stack, alpa-auth\/dev\./),
        );
        await run("remove", { owner: "alpa-auth/other" });
        assert.ok(fs.existsSync(at("etc/alpa-auth-watchdog/check-progress.sh")));
        await run("remove");
        for (const file of [
            "etc/alpa-auth-watchdog",
            "run/alpa-auth-watchdog",
            ...[SERVICE, TIMER].map((unit) => `etc/systemd/system/${unit}`),
        ])
            assert.ok(!fs.existsSync(at(file)), file);
        assert.equal(host.pidOf(SERVICE), undefined);
        await run("remove");
    });

    it("is rejected on a host without systemd, and for a service that does not exist", async () => {
        await start();
        await assert.rejects(
            run("install", { restart: { unit: "other.service", pauseSeconds: 600 } }),
            fails(/systemd has no service other\.service\. Correct alpa\.watchdog\.unit/),
        );
        await host.close();
        await alpa.close();
        await start({ os: "alpine" });
        await assert.rejects(run("install"), fails(/must run Linux with systemd \(got Alpine/));
    });
});
