// Proves that a credential that was deleted and created again counts as another secret: its caller lacks it, and it can be
// handed out. The states are those of `pulumi stack export`; the engine creates them in test/engine/callers/credentials.test.ts.
import { strict as assert } from "node:assert";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { generatedIn } from "../../../../ops/stack/history/generated";
import { bench, EDGE_FILE, exits, STACK_FILE, type BenchOptions } from "../kit";
import { made } from "../stack/rollback-kit";

const SALT = "random:index/randomUuid:RandomUuid";
const TOKEN = "cloudflare:index/zeroTrustAccessServiceToken:ZeroTrustAccessServiceToken";
const CLOUDFLARE = `${EDGE_FILE}    alpa-auth:consumers: [{ name: lab, credentials: [{ id: t, method: service-token }] }]
`;
const TOKENS = {
    url: "https://llm.example.com",
    credentials: { "lab/t": { clientId: "0123.access", clientSecret: "s3cret-of-lab-t" } },
};

/** A stack whose state has these resources, each with its id. */
function stackWith(state: [type: string, name: string, id: string][], options: BenchOptions = {}) {
    let resources = state;
    const one = bench({
        ...options,
        says: (call) =>
            options.says?.(call) ??
            (call.args[1] === "export"
                ? {
                      stdout: JSON.stringify({
                          deployment: {
                              resources: resources.map(([type, name, id]) => ({ ...made(type, name).newState!, id })),
                          },
                      }),
                  }
                : undefined),
    });
    const becomes = (next: typeof state) => void (resources = next);
    const shown = async (name: string, id: string) => {
        const { out } = await exits(0, one.ops("consumer", "show", name, "--json"));
        return JSON.parse(out).credentials.find((one: { id: string }) => one.id === id);
    };
    return { ...one, becomes, shown };
}

const KINDS: [what: string, type: string, resource: string, name: string, id: string, options: BenchOptions][] = [
    ["key", SALT, "alice.a1-key", "alice", "a1", {}],
    ["secret for HS256", SALT, "tokens.hs-jwt-secret", "tokens", "hs", {}],
    ["service token", TOKEN, "lab.t-token", "lab", "t", { text: CLOUDFLARE, outputs: TOKENS }],
];

describe("ops consumer, of a credential that was created again", () => {
    it("treats the secret of a service token that was rotated in place as another one", () => {
        const fingerprint = (inputs: Record<string, number>) =>
            generatedIn({ resources: [{ ...made(TOKEN, "lab.t-token").newState!, id: "t", inputs }] }).get("lab/t")!
                .fingerprint;
        const all = [fingerprint({}), fingerprint({ clientSecretVersion: 2 }), fingerprint({ clientSecretVersion: 3 })];
        assert.equal(new Set(all).size, 3);
        assert.equal(fingerprint({}), all[0]);
    });

    for (const [what, type, resource, name, id, options] of KINDS) {
        it(`shows that the caller lacks the present ${what}, which can be handed out once`, async () => {
            const { ops, becomes, shown, folder } = stackWith([[type, resource, "first"]], options);
            await exits(0, ops("consumer", "handout", name, id));
            const before = await shown(name, id);
            assert.deepEqual([before.lastHandout?.fingerprint, before.lacksSecretSince], [before.fingerprint, null]);
            becomes([[type, resource, "second"]]);
            const now = await shown(name, id);
            assert.deepEqual([now.lastHandout, now.lacksSecretSince], [null, "2026-11-25"]);
            assert.notEqual(now.fingerprint, before.fingerprint);
            assert.match(
                (await ops("consumer", "show", name)).out,
                new RegExp(`│ ${id} .*│ no: an earlier secret on 2026-11-25 │`),
            );
            await exits(0, ops("consumer", "handout", name, id));
            assert.equal((await shown(name, id)).lacksSecretSince, null);
            const again = await exits(2, ops("consumer", "handout", name, id));
            assert.match(again.note, /was already handed out on 2026-11-25/);
            const record = readFileSync(join(folder, `.alpa-auth/handouts/intra/${name}.${id}.json`), "utf8");
            assert.equal(JSON.parse(record).length, 2, "the record keeps the handout of the earlier secret");
            assert.doesNotMatch(record, /first|second/, "the record has no salt and no id");
        });

        it(`a review names a ${what} that was handed out and would be created again, and no other one`, async () => {
            const says: BenchOptions["says"] = ({ args }) =>
                args[0] === "preview" ? { stdout: JSON.stringify({ steps: [made(type, resource)] }) } : undefined;
            const { ops, becomes } = stackWith([[type, resource, "first"]], { ...options, says });
            becomes([]);
            const review = async () => JSON.parse((await ops("stack", "review", "--json", "--fail-on", "none")).out);
            const codes = async () =>
                (await review()).findings.filter(({ code }: any) => code === "credential-created-again");
            assert.deepEqual(await codes(), []);
            becomes([[type, resource, "first"]]);
            await exits(0, ops("consumer", "handout", name, id));
            becomes([]);
            const [{ severity, says: said, evidence }] = await codes();
            assert.equal(severity, "risk");
            assert.match(
                said,
                new RegExp(`^Credential ${name}/${id} is created again with another secret: .*2026-11-25`),
            );
            assert.equal(evidence[0].resource, resource);
        });
    }

    it("does not miss the key of an expired credential, which was deleted for good", async () => {
        const { ops, becomes, shown, write } = stackWith([[SALT, "alice.a2-key", "first"]]);
        await exits(0, ops("consumer", "handout", "alice", "a2"));
        write(STACK_FILE.replace("2026-12-01", "2026-11-24"));
        becomes([]);
        const { lacksSecretSince, lastHandout } = await shown("alice", "a2");
        assert.deepEqual([lacksSecretSince, lastHandout.at.slice(0, 10)], [null, "2026-11-25"]);
    });
});
