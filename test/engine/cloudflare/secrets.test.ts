// Proves on the real engine that no secret of option cloudflare appears in output, files or process lists that an
// operator, a reviewer or another user of the machine can read. Unit tests prove what a review says of each
// kind of change.
import { strict as assert } from "node:assert";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Finding } from "../../../ops/stack/review/finding";
import { tokenOf } from "../../../sandbox/cloudflare/account";
import { apiTokenFile } from "../../../sandbox/world/state";
import { codes } from "../../findings";
import { AccessStack, here, succeeded, useCloudflare } from "../kit/cloudflare/access-stack";
import { ProcessLists } from "../kit/process-lists";
import { textBelow } from "../kit/text-below";

const token = (more: object = {}) => ({ name: "alice", credentials: [{ id: "a", method: "service-token", ...more }] });

describe("secrets of option cloudflare", () => {
    useCloudflare();
    let stack: AccessStack;
    const secrets: Record<string, string> = {};
    const places: Record<string, string> = {};
    const found: Record<string, Finding[]> = {};

    const dayIn = (days: number) => new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10);
    before(async () => {
        const { world, dir } = here();
        stack = await AccessStack.create("secretive", { consumers: [token()] });
        const processes = new ProcessLists(100);
        const up = succeeded(await stack.run(["up", "--yes", "--diff"]));
        const pair = (await stack.outputs()).credentials["alice/a"];
        const second = { secretVersion: 2, previousSecretExpires: dayIn(9) };
        stack.configure({ consumers: [token(second)] });
        places["preview of a rotation"] = (await stack.preview("--diff")).stdout;
        const rotation = succeeded(await stack.run(["up", "--yes", "--diff"]));
        places["output of up"] = up.stdout + up.stderr + rotation.stdout + rotation.stderr;
        places["process list"] = await processes.stop();
        assert.match(places["process list"], /cloudflared|connector/, "the list was taken while connectors ran");

        const [tunnel] = world.account.tunnels.values();
        const rotated = (await stack.outputs()).credentials["alice/a"];
        Object.assign(secrets, {
            "first client secret": pair.clientSecret,
            "second client secret": rotated.clientSecret,
            "secret of the tunnel": tunnel.secret,
            "token of the tunnel": tokenOf(world.account, tunnel),
            "API token": readFileSync(apiTokenFile(dir), "utf8"),
            "private key for the host": readFileSync(world.facts.cloudflare.host.privateKeyFile, "utf8").split("\n")[2],
        });
        await stack.must(["refresh", "--yes", "--skip-preview"]);
        places["exported state"] = await stack.must(["stack", "export"]);
        places["preview"] = await stack.must(["preview", "--json", "--diff"]);
        places["outputs"] = await stack.must(["stack", "output", "--json"]);
        places["history"] = await stack.must(["stack", "history", "--json"]);
        for (const what of ["drift", "review"]) {
            if (what === "review") stack.configure({ consumers: [], browserChecks: "keep" });
            const run = await stack.ops("stack", what, "--format", "json", "--fail-on", "none");
            assert.equal(run.code, 0, run.stderr);
            places[what] = run.stdout + run.stderr;
            found[what] = JSON.parse(run.stdout).findings;
        }
        places["files of the backend and logs"] = textBelow(join(dir, "backend")) + textBelow(dir, /\.log$/);
        places["units on the host"] = textBelow(join(world.host.root, "etc/systemd"), /\.service$/);
    });

    for (const place of [
        "output of up",
        "process list",
        "preview of a rotation",
        "exported state",
        "preview",
        "outputs",
        "history",
        "drift",
        "review",
        "files of the backend and logs",
        "units on the host",
    ])
        it(`are not in the ${place}`, () => {
            assert.ok(places[place].length > 0, "there is text to search");
            assert.equal(Object.keys(secrets).length, 6);
            for (const [name, secret] of Object.entries(secrets)) {
                assert.ok(secret.length >= 20, name);
                for (const form of [secret, Buffer.from(secret).toString("base64")])
                    assert.ok(!places[place].includes(form), `${name} is in the ${place}`);
            }
        });

    it("are not reported as drift where Pulumi created all of them, and a review names when they expire", () => {
        assert.deepEqual(found.drift, []);
        assert.deepEqual(codes(found.review), [
            "breaks-callers access-removed",
            "breaks-callers caller-removed",
            "breaks-callers request-rejected",
        ]);
    });
});
