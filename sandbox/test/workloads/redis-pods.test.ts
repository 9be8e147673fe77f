/** Proves when Valkey runs, under which name it is reached, and which of its containers are unsupported. */
import assert from "node:assert/strict";
import { missing, type Supplies } from "../../workloads/kubelet";
import { RedisPods } from "../../workloads/redis-pods";
import { RawRedis } from "../redis/kit";
import { pod, service, snapshot, type PodArgs } from "./kit";

const VALKEY = "valkey/valkey:8.1.4-alpine";
const HOST = "alpa-auth-counters.apisix.svc.cluster.local";
/** Valkey's arguments in the product's Deployment. */
const ARGS = [
    ...["valkey-server", "--save", "", "--appendonly", "no", "--maxmemory", "64mb"],
    ...["--maxmemory-policy", "noeviction", "--protected-mode", "no"],
];

describe("Valkey of the sandbox", () => {
    let redis: RedisPods;
    beforeEach(() => (redis = new RedisPods(() => undefined)));
    afterEach(() => redis.close());

    const counters = service("alpa-auth-counters", VALKEY, { port: 6379, targetPort: 6379 });
    const look = (...pods: Partial<PodArgs>[]) =>
        redis.reconcile(snapshot({ pods: pods.map((args) => pod({ image: VALKEY, ...args })), services: [counters] }));
    const client = () => RawRedis.connect(redis.resolve(HOST, 6379)!);

    it("keeps its data while its pod runs, and starts empty in a new pod", async () => {
        await look({ uid: "a" });
        const first = await client();
        assert.deepEqual(await first.say("SET k 1"), ["+OK"]);
        await look({ uid: "a" });
        assert.deepEqual(await first.say("GET k"), ["$1 1"]);
        await look({ uid: "b" });
        assert.equal(await first.untilClosed(), "");
        const second = await client();
        assert.deepEqual(await second.say("GET k"), ["$-1"]);
        second.close();
    });

    it("stops with its pod", async () => {
        await look({});
        const port = redis.resolve(HOST, 6379)!;
        await look();
        await assert.rejects(RawRedis.connect(port));
        assert.throws(() => redis.resolve(HOST, 6379), /connection refused/);
    });

    for (const [why, args] of [
        ["starts", { phase: "Pending", ready: false }],
        ["is not ready", { ready: false }],
        ["has failed", { phase: "Failed", ready: false }],
    ] as const)
        it(`is not behind its Service while its pod ${why}`, async () => {
            await look(args);
            assert.throws(() => redis.resolve(HOST, 6379), /connection refused/);
        });

    it("has only the name of its Service in the cluster", async () => {
        await look({});
        assert.equal(typeof redis.resolve(`${HOST}.`, 6379), "number");
        assert.throws(() => redis.resolve(HOST, 6380), /:6380: connection refused/);
        assert.throws(() => redis.resolve(HOST.replace("apisix", "other"), 6379), /no such name/);
        assert.throws(() => redis.resolve(HOST.replace("counters", "counter"), 6379), /no such name/);
    });

    it("does not answer on a node that is cut off", async () => {
        const cutOff = new RedisPods(
            () => undefined,
            () => false,
        );
        await cutOff.reconcile(snapshot({ pods: [pod({ image: VALKEY })], services: [counters] }));
        try {
            assert.throws(() => cutOff.resolve(HOST, 6379), /:6379: connection timed out/);
        } finally {
            await cutOff.close();
        }
    });

    it("leaves names outside the cluster to the machine's own DNS", async () => {
        await look({});
        for (const host of ["127.0.0.1", "redis.example.com", "alpa-auth-counters"])
            assert.equal(redis.resolve(host, 6379), undefined);
    });

    const none = {} as Supplies;
    const start = (container: object, image = VALKEY) => {
        const made = pod({ image });
        Object.assign(made.spec!.containers[0], container);
        return missing(made, none);
    };
    const rejected: [why: string, container: object, image?: string][] = [
        ["as the product deploys it", { args: ARGS }],
        ["from a mirror", { args: ARGS }, `registry.example.com:5000/mirror/${VALKEY}`],
        ["with options only, which the image passes to the server", { args: ARGS.slice(1) }],
        ["with nothing", {}],
        ["as a command", { command: ARGS.slice(0, 1), args: ARGS.slice(1) }],
    ];
    for (const [why, container, image] of rejected)
        it(`starts ${why}`, () => assert.equal(start(container, image), undefined));

    const refused: [argument: string, container: object][] = [
        ["--requirepass x", { args: [...ARGS, "--requirepass", "x"] }],
        ["--save 60 1", { args: ["--save", "60 1"] }],
        ["--appendonly yes", { args: ["--appendonly", "yes"] }],
        ["--maxmemory-policy allkeys-lru", { args: ["--maxmemory-policy", "allkeys-lru"] }],
        ["--protected-mode yes", { args: ["--protected-mode", "yes"] }],
        ["--maxmemory much", { args: ["--maxmemory", "much"] }],
        ["--appendonly", { args: ["valkey-server", "--appendonly"] }],
        ["/etc/valkey.conf", { args: ["/etc/valkey.conf"] }],
        ["--constructor x", { args: ["--constructor", "x"] }],
    ];
    for (const [argument, container] of refused)
        it(`does not start with ${argument}, and says so`, () =>
            assert.deepEqual(start(container), {
                container: "main",
                reason: "CreateContainerError",
                message: `unsupported by the sandbox: Valkey with the argument ${argument}`,
            }));

    it("does not start with another command", () => {
        const message = "unsupported by the sandbox: Valkey with the command sh";
        assert.equal(start({ command: ["sh", "-c", "valkey-server"] })?.message, message);
    });

    it("is unsupported without a version", () => {
        assert.equal(start({ args: ARGS }, "valkey/valkey:latest")?.reason, "ErrImagePull");
    });
});
