// Proves the operators' commands end to end, each as a process, with the real engine and API server. The gateway is an
// emulator.
import { strict as assert } from "node:assert";
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { pulumiEnv } from "../../../sandbox/world/pulumi";
import { ROOT } from "../../../sandbox/world/state";
import { call, current, succeeded, TestStack, useWorld } from "../kit";
import { Operator, type Options } from "../kit/ops";

describe("npm run ops", () => {
    useWorld();
    let stack: TestStack;
    let file: string;
    let url: string;
    const operator = new Operator("ops");

    before(async () => {
        stack = await TestStack.create("ops", {
            consumers: [
                { name: "alice", credentials: [{ id: "k1", method: "key" }] },
                { name: "bob", credentials: [{ id: "first", method: "key" }] },
                {
                    name: "smoke",
                    limits: { requests: 7, perSeconds: 600 }, // a window that is longer than this file's tests take
                    credentials: [
                        { id: "key", method: "key" },
                        { id: "hs", method: "jwt", algorithm: "HS256" },
                    ],
                },
            ],
        });
        file = join(current().world.facts.stackFiles, "Pulumi.ops.yaml");
        writeFileSync(file, `# kept\n${readFileSync(file, "utf8")}`);
        succeeded(await stack.up());
        url = (await stack.outputs()).url;
    });

    const ops = (command: string, options?: Options) => operator.run(command, options);
    const done = (command: string, options?: Options) => operator.done(command, options);
    const key = async (who: string) => (await stack.outputs()).credentials[who];
    const status = async (headers: Record<string, string>) => (await call(url, { headers })).status;

    it("list agrees with the cluster after up", async () => {
        const { out } = await done("consumer list --check --json");
        const [row, ...others] = JSON.parse(out).filter(({ consumer }: { consumer: string }) => consumer === "alice");
        assert.deepEqual(others, []);
        const { lastApplied, ...rest } = row;
        assert.match(lastApplied, /^\d{4}-\d\d-\d\dT/);
        assert.deepEqual(rest, {
            consumer: "alice",
            credential: "k1",
            method: "key",
            algorithm: null,
            expires: null,
            live: true,
            accepted: true,
            secret: true,
            problems: [],
        });
    });

    it("token issue prints a token that works", async () => {
        const token = (await done("token issue smoke hs --ttl 15m", { secret: true })).out.trim();
        assert.equal(await status({ Authorization: `Bearer ${token}` }), 200);
    });

    it("check smoke passes: answers for callers, 401 without a credential or with an expired token, and 429 at the limit", async () => {
        const { out, note } = await done("check smoke --json");
        const { checks, versions } = JSON.parse(out);
        const got = (name: string) => checks.filter((row: any) => row.check === name).map((row: any) => row.got);
        for (const name of ["no credential", "wrong key", "wrong token", "expired token"])
            assert.deepEqual(got(name), ["401", "401"], name);
        for (const name of ["key", "token"]) assert.deepEqual(got(name), ["200", "200"], name);
        assert.deepEqual(got("limit"), ["429"]);
        assert.match(versions[0], /^APISIX\/3\.(1[7-9]|[2-9]\d)/);
        assert.match(note, /checks passed/);
    });

    it("rotate lets both keys work, and keeps comments", async () => {
        const old = await key("alice/k1");
        await done("consumer rotate alice k1 --successor k3 --overlap-days 14 --yes");
        assert.match(readFileSync(file, "utf8"), /^# kept\n/);
        assert.equal(await status({ apikey: old }), 200);
        assert.equal(await status({ apikey: await key("alice/k3") }), 200);
    });

    it("handout prints commands that work as pasted, and prints a credential only once", async () => {
        const { out } = await done("consumer handout alice k3", { secret: true });
        const line = /```sh\n([^]*?)\n```/.exec(out)![1];
        const answer = await new Promise<string>((resolve, reject) => {
            const shell = execFile("sh", [], { cwd: "/" }, (error, stdout) =>
                error ? reject(error) : resolve(stdout),
            );
            shell.stdin!.end(line);
        });
        assert.equal(JSON.parse(answer).object, "text_completion");
        const again = await ops("consumer handout alice k3");
        assert.equal(again.code, 2);
        assert.match(again.note, /was already handed out/);
    });

    it("keeps the edit when its up is interrupted half way, and the command that it names completes it", async () => {
        const note = await interrupted("consumer add eve --yes", /eve\.first-secret created/);
        assert.match(note, /A part of the edit may be applied, so Pulumi\.ops\.yaml keeps it\./);
        const line = /(?:and|Then) run: (pulumi up -s ops)$/m.exec(note)?.[1];
        assert.ok(line, note);
        const { world, dir } = current();
        const env = { ...process.env, ...pulumiEnv(dir, world.facts) };
        await promisify(execFile)("sh", ["-c", `${line} --yes --non-interactive`], { cwd: ROOT, env });
        assert.equal(await status({ apikey: await key("eve/first") }), 200);
    });

    it("applies no change of others that breaks callers, and revoke without it ends when the gateway rejects the key", async () => {
        const [bob, k1, k3] = [await key("bob/first"), await key("alice/k1"), await key("alice/k3")];
        const text = readFileSync(file, "utf8");
        const others = text.replace(/- name: bob\n/, "- name: dave\n").replace(/\n *- \{ id: k3, method: key \}/, "");
        assert.doesNotMatch(others, /k3/);
        writeFileSync(file, others);
        const refused = await ops("consumer add frank --yes");
        assert.equal(refused.code, 3, refused.note);
        assert.match(
            refused.note,
            /would also apply 2 changes of others .* \(caller-removed: Caller bob loses access.*alice\/k3/,
        );
        assert.equal(readFileSync(file, "utf8"), others);
        const revoked = await done("consumer revoke alice k1 --yes");
        assert.match(revoked.note, /Caller bob loses access[^]*These changes are not of this command/);
        assert.match(revoked.out, /alice\/k1: every gateway pod rejects it\./);
        assert.equal(await status({ apikey: k1 }), 401);
        for (const kept of [bob, k3]) assert.equal(await status({ apikey: kept }), 200);
        assert.doesNotMatch(readFileSync(file, "utf8"), /id: k1/);
        succeeded(await stack.up());
        await done("consumer list --check");
        for (const ended of [bob, k3]) assert.equal(await status({ apikey: ended }), 401);
    });

    /** Interrupts a command, as Ctrl-C does, as soon as it has printed a text. @returns its messages */
    async function interrupted(command: string, text: RegExp): Promise<string> {
        const { world, dir } = current();
        const child = spawn(
            process.execPath,
            [join(ROOT, "ops/alpa-auth.js"), ...command.split(" "), "--stack", "ops"],
            { cwd: ROOT, env: { ...process.env, ...pulumiEnv(dir, world.facts) }, stdio: ["ignore", "ignore", "pipe"] },
        );
        const ended = once(child, "close");
        let note = "";
        let isSent = false;
        child.stderr.setEncoding("utf8").on("data", (part: string) => {
            note += part;
            if (!isSent && text.test(note)) isSent = child.kill("SIGINT");
        });
        assert.deepEqual([(await ended)[0], isSent], [1, true], note);
        return note;
    }

    it("leaks no secret: not to process lists, shell history, output or records", async () => {
        const { credentials, jwtSecrets } = (await stack.outputs()) as any;
        const secrets = [...Object.values(credentials), ...Object.values(jwtSecrets)];
        const { processes, typed, said } = operator;
        const record = join(file, "../.alpa-auth/handouts/ops/alice.k3.json");
        assert.ok(existsSync(record));
        assert.match(processes.join("\n"), /ops\/alpa-auth\.js/, "the list was taken while the commands ran");
        for (const place of [
            processes.join("\n"),
            typed.join("\n"),
            said,
            readFileSync(record, "utf8"),
            readFileSync(file, "utf8"),
        ])
            for (const secret of secrets as string[]) assert.ok(!place.includes(secret));
    });
});
