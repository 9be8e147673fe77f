// Proves the product's assumptions about etcd with the real program: the rendered flags form a cluster, the JSON gateway sets a
// password, and a member without its volume does not start until it is removed and added.
import { strict as assert } from "node:assert";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { enablePassword, type EtcdError, type EtcdMember, type EtcdReply } from "../../../components/etcd/json-api";
import { renderMembers } from "../../../components/etcd/members";
import { freePort, lastLines, spawnTracked, waitFor, type TrackedProcess } from "../../../sandbox/processes";
import { startPlace, type Place } from "../kit/place";
import { TOOLS_MILLISECONDS } from "../kit/stack";

const NAMESPACE = "alpa-etcd";
const PASSWORD = "p".repeat(40);
const encoded = (text: string) => Buffer.from(text).toString("base64");
const decoded = (text: string) => Buffer.from(text, "base64").toString();

interface Started {
    process: TrackedProcess;
    data: string;
    health: number;
}

describe("etcd's own program", () => {
    let place: Place<{ program: string; stateDir: string; close(): Promise<void> }>;
    const ports = new Map<string, number>();
    const running = new Map<string, Started>();
    let cluster = 0;

    before(async function () {
        this.timeout(TOOLS_MILLISECONDS);
        place = await startPlace(["etcd"], async ({ tools, stateDir }) => ({
            ...{ program: tools.etcd, stateDir },
            close: async () => {
                for (const { process } of running.values()) await process.stop({ graceSeconds: 0 });
            },
        }));
    });
    after(() => place.end());
    beforeEach(() => void cluster++);
    afterEach(async () => {
        for (const [name, { process }] of running)
            await process.stop({ graceSeconds: 0 }).then(() => running.delete(name));
        ports.clear();
    });

    async function port(of: string): Promise<number> {
        const known = ports.get(of) ?? (await freePort());
        ports.set(of, known);
        return known;
    }

    /**
     * Starts a member of a cluster with `members` members. It has the flags of its pod, but names and ports of this
     * machine.
     */
    async function start(name: string, members: number, env: Record<string, string> = {}): Promise<void> {
        const { stateDir, program } = place.world;
        const data = join(stateDir, `${cluster}-${name}`);
        const [container] = renderMembers({ image: "etcd", members }, NAMESPACE).template.spec.containers;
        const args = [];
        for (const arg of container.args) {
            let said = arg.replaceAll("$(POD_NAME)", name).replace("/var/lib/etcd/data", data);
            for (const [found, host, number] of said.matchAll(/http:\/\/([\w.-]+):(\d+)/g)) {
                const of = host === "0.0.0.0" ? name : host.split(".")[0];
                said = said.replace(found, `http://127.0.0.1:${await port(`${of}:${number}`)}`);
            }
            args.push(said);
        }
        const process = await spawnTracked({
            name,
            command: program,
            args,
            env: { ...globalThis.process.env, ...env },
            cwd: stateDir,
            logFile: join(stateDir, `${cluster}-${name}.log`),
            stateDir,
        });
        running.set(name, { process, data, health: await port(`${name}:2381`) });
    }

    async function isReady(name: string): Promise<boolean> {
        const { health } = running.get(name)!;
        return fetch(`http://127.0.0.1:${health}/readyz`).then(
            ({ ok }) => ok,
            () => false,
        );
    }
    const ready = (name: string) => waitFor(`${name} to be ready`, () => isReady(name), { seconds: 60 });

    /** Connects to a member directly. The product sends the same calls through the API server. */
    async function member(name: string, password?: string): Promise<EtcdMember> {
        const url = `http://127.0.0.1:${await port(`${name}:2379`)}/v3`;
        const call = async (path: string, body: object, token?: string): Promise<EtcdReply> => {
            const headers: Record<string, string> = token === undefined ? {} : { Authorization: token };
            const answer = await fetch(`${url}/${path}`, { method: "POST", headers, body: JSON.stringify(body) });
            const said = (await answer.json()) as EtcdReply & { message?: string };
            if (answer.ok) return said;
            throw Object.assign(new Error(said.message), { etcd: said.message });
        };
        const token = password && (await call("auth/authenticate", { name: "root", password })).token;
        return { asks: token !== undefined, call: (path, body) => call(path, body, token), close: () => undefined };
    }

    /** @returns the leader's id as this member knows it, or undefined if it knows no leader */
    async function statusOf(name: string): Promise<{ leader?: string }> {
        return (await (await member(name)).call("maintenance/status", {})) as { leader?: string };
    }

    async function put(to: EtcdMember, keys: Record<string, string>): Promise<void> {
        for (const [key, value] of Object.entries(keys))
            await to.call("kv/put", { key: encoded(key), value: encoded(value) });
    }

    async function all(of: EtcdMember): Promise<Record<string, string>> {
        const every = { key: encoded("\0"), range_end: encoded("\0") };
        const { kvs = [] } = (await of.call("kv/range", every)) as { kvs?: { key: string; value?: string }[] };
        return Object.fromEntries(kvs.map(({ key, value = "" }) => [decoded(key), decoded(value)]));
    }

    for (const members of [1, 3])
        it(`forms one cluster of ${members} with the flags of its pods`, async () => {
            const names = ["etcd-0", "etcd-1", "etcd-2"].slice(0, members);
            for (const name of names) await start(name, members);
            for (const name of names) await ready(name);
            await put(await member(names[0]), { "/apisix/routes/1": "a" });
            for (const name of names)
                assert.deepEqual(await all(await member(name)), { "/apisix/routes/1": "a" }, name);
        });

    it("requires its password after authentication is enabled, which an interrupted run may repeat, and is ready without the password", async () => {
        await start("etcd-0", 1);
        await ready("etcd-0");
        const open = await member("etcd-0");
        // An earlier run was interrupted after it had created the user, with another password.
        await open.call("auth/user/add", { name: "root", password: "earlier" });
        await enablePassword(open, PASSWORD);
        const rejected = /authentication failed, invalid user ID or password/;
        await assert.rejects(member("etcd-0", "earlier"), rejected);
        await assert.rejects(open.call("kv/range", { key: encoded("/") }), /user name is empty/);
        assert.deepEqual(await all(await member("etcd-0", PASSWORD)), {});
        assert.equal(await isReady("etcd-0"), true);
    });

    it("reports that authentication is not enabled, and changes its password with the old one", async () => {
        await start("etcd-0", 1);
        await ready("etcd-0");
        await assert.rejects(member("etcd-0", PASSWORD), (error: EtcdError) =>
            /authentication is not enabled/.test(error.etcd!),
        );
        await enablePassword(await member("etcd-0"), PASSWORD);
        const before = await member("etcd-0", PASSWORD);
        await before.call("auth/user/changepw", { name: "root", password: "another" });
        await assert.rejects(all(before), /invalid auth token/);
        assert.deepEqual(await all(await member("etcd-0", "another")), {});
    });

    it("does not start a member that lost its volume until it was removed, added and configured as new", async () => {
        const names = ["etcd-0", "etcd-1", "etcd-2"];
        for (const name of names) await start(name, 3);
        for (const name of names) await ready(name);
        // The leader loses its volume, because this is harder to recover from than the loss of another member.
        const { leader: ID } = await statusOf("etcd-0");
        const { members } = (await (await member("etcd-0")).call("cluster/member/list", {})) as unknown as {
            members: { ID: string; name: string; peerURLs: string[] }[];
        };
        const { name: gone, peerURLs } = members.find((one) => one.ID === ID)!;
        const kept = names.find((name) => name !== gone)!;
        const other = await member(kept);
        await put(other, { "/apisix/routes/1": "a" });
        const lost = running.get(gone)!;
        await lost.process.stop({ graceSeconds: 0 });
        rmSync(lost.data, { recursive: true });
        await start(gone, 3);
        await running.get(gone)!.process.exited;
        assert.match(lastLines(running.get(gone)!.process.logFile), /has already been bootstrapped/);
        // etcd rejects reads until another member leads.
        const ledAnew = async () => ![undefined, ID].includes((await statusOf(kept)).leader);
        await waitFor("another member to lead", ledAnew, { seconds: 60 });
        assert.deepEqual(await all(other), { "/apisix/routes/1": "a" });

        // etcd rejects removal and addition of a member until the other members have been connected for 5 s.
        const healthy = (path: string, body: object) =>
            waitFor(`etcd to take ${path}`, () => other.call(path, body).catch(() => undefined), { seconds: 60 });
        await healthy("cluster/member/remove", { ID });
        await healthy("cluster/member/add", { peerURLs });
        rmSync(lost.data, { recursive: true, force: true });
        await start(gone, 3, { ETCD_INITIAL_CLUSTER_STATE: "existing" });
        await ready(gone);
        assert.deepEqual(await all(await member(gone)), { "/apisix/routes/1": "a" });
    });
});
