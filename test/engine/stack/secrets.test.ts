// Proves that no generated secret is in a place that operators, reviewers or other users of the machine can read:
// state, preview, diff, log, history, errors and process lists.
import { strict as assert } from "node:assert";
import { join } from "node:path";
import { current, succeeded, TestStack, useWorld } from "../kit";
import { ProcessLists } from "../kit/process-lists";
import { textBelow } from "../kit/text-below";

interface Found {
    name: string;
    secret: string;
}

/** A key that a caller brought. It is so long that it occurs nowhere by accident. */
const BROUGHT = "brought-key-0123456789-abcdefghij-0123456789";

describe("secrets", () => {
    useWorld();
    let stack: TestStack;
    let secrets: Found[];
    const places: Record<string, string> = {};

    before(async () => {
        const hs256 = { id: "t1", method: "jwt", algorithm: "HS256" };
        const consumers = [{ name: "alice", credentials: [{ id: "k1", method: "key" }, hs256] }];
        // A kubeconfig in the config is a secret too.
        stack = await TestStack.create("secretive");
        const kubeconfig = current().world.controlPlane.adminKubeConfig;
        stack.configure({ consumers });
        await stack.configureSecret("cluster.kubeconfig", kubeconfig);
        for (const [field, text] of [
            ["id", "brought"],
            ["method", "key"],
        ])
            await stack.must(["config", "set", "--path", `alpa-auth:consumers[0].credentials[2].${field}`, text]);
        await stack.configureSecret("consumers[0].credentials[2].key", BROUGHT);

        const processes = new ProcessLists(200);
        const up = succeeded(await stack.run(["up", "--yes", "--diff"]));
        places["output of up"] = up.stdout + up.stderr;
        places["process list"] = await processes.stop();
        assert.match(places["process list"], /pulumi-resource-kubernetes/, "the list was taken while Pulumi ran");

        secrets = [
            ...generated(JSON.parse(await stack.must(["stack", "export", "--show-secrets"])), kubeconfig),
            ...handedOut(await stack.outputs()),
        ];
        assert.equal(secrets.find(({ name }) => name === "alice/brought")?.secret, BROUGHT);
        places["exported state"] = await stack.must(["stack", "export"]);
        await stack.must(["refresh", "--yes", "--skip-preview"]);
        places["exported state after a refresh"] = await stack.must(["stack", "export"]);
        places["preview"] = await stack.must(["preview", "--json", "--diff"]);
        stack.configure({ consumers: [...consumers, { name: "bob", credentials: [] }] });
        places["preview of a change"] = (await stack.preview("--diff")).stdout;
        places["outputs"] = await stack.must(["stack", "output", "--json"]);
        places["history"] = await stack.must(["stack", "history", "--json"]);
        places["files of the backend and logs"] =
            textBelow(join(current().dir, "backend")) + textBelow(current().dir, /\.log$/);
    });

    after(async () => {
        await stack.destroy();
    });

    it("are as many as the stack generates, and their values look like secrets", () => {
        assert.deepEqual(secrets.map((s) => s.name).sort(), [
            "alice/brought",
            "alice/k1",
            "alice/t1",
            "alpa-admin-keys-seed",
            "alpa-etcd-seed",
            "client key of the kubeconfig",
            "seed",
        ]);
        for (const { name, secret } of secrets) assert.ok(secret.length >= 40, name);
    });

    for (const place of [
        "output of up",
        "process list",
        "exported state",
        "exported state after a refresh",
        "preview",
        "preview of a change",
        "outputs",
        "history",
        "files of the backend and logs",
    ])
        it(`are not in the ${place}`, () => {
            const text = places[place];
            assert.ok(text.length > 0, "there is text to search");
            for (const { name, secret } of secrets)
                for (const form of formsOf(secret)) assert.ok(!text.includes(form), `${name} is in the ${place}`);
        });
});

/** Generated passwords and the kubeconfig's key, in plain text, by resource name. */
function generated(state: { deployment: { resources: Resource[] } }, kubeconfig: string): Found[] {
    const passwords = state.deployment.resources.filter((r) => r.type === "random:index/randomPassword:RandomPassword");
    const key =
        /client-key-data: ?"?([A-Za-z0-9+/=]+)/.exec(kubeconfig)?.[1] ?? /token: ?"?([^"\s]+)/.exec(kubeconfig)![1];
    return [
        ...passwords.map((r) => ({
            name: r.urn.split("::").pop()!,
            secret: plain(r.outputs.result),
        })),
        { name: "client key of the kubeconfig", secret: key },
    ];
}

/** Texts that reveal a secret: itself, its base64, and for a hexadecimal secret the base64 of its bytes. */
function formsOf(secret: string): string[] {
    const bytes = /^([0-9a-f]{2})+$/.test(secret) ? [Buffer.from(secret, "hex").toString("base64")] : [];
    return [secret, Buffer.from(secret).toString("base64"), ...bytes];
}

/** Secrets that callers get. */
function handedOut({ credentials, jwtSecrets }: Awaited<ReturnType<TestStack["outputs"]>>): Found[] {
    return Object.entries({ ...credentials, ...jwtSecrets }).map(([name, secret]) => ({ name, secret }));
}

interface Resource {
    urn: string;
    type: string;
    outputs: Record<string, unknown>;
}

/** With `--show-secrets`, Pulumi writes a secret as an object whose field `plaintext` is JSON. */
function plain(value: unknown): string {
    return JSON.parse((value as { plaintext: string }).plaintext);
}
