/**
 * One stack of intra-a whose callers have every form of credential. The files of a process that only send requests share
 * it, and its end is that of the world.
 */
import { dayAfter } from "../../../ops/dates";
import { succeeded, TestStack, useWorld, type Outputs } from "./index";
import { pair } from "./tokens";

export const NAMESPACE = "callers";
export const PATH_PREFIX = "/alpa-opt-service";
export const SOON = dayAfter(new Date(), 5);
export const pairs = { RS256: pair("RS256"), ES256: pair("ES256"), EdDSA: pair("EdDSA") };
/** Keys that a caller had before, by credential of bob. */
export const BROUGHT = { kept: "a-key-the-caller-had-before", leaked: "another-key-the-caller-had-before" };

const key = (id: string, more: object = {}) => ({ id, method: "key", ...more });
const jwt = (id: string, algorithm: string, more: object = {}) => ({ id, method: "jwt", algorithm, ...more });
const consumers = [
    {
        name: "alice",
        credentials: [
            ...[key("k1"), key("k2"), jwt("hs", "HS256"), jwt("hs2", "HS256")],
            ...Object.entries(pairs).map(([algorithm, { pem }]) =>
                jwt(algorithm.toLowerCase(), algorithm, { publicKey: pem }),
            ),
            ...[key("old", { expires: "2020-01-01" }), key("soon", { expires: SOON })],
        ],
    },
    {
        name: "bob",
        limits: { requests: 777, perSeconds: 3600 },
        credentials: [key("own"), ...Object.keys(BROUGHT).map((id) => key(id))],
    },
];

export interface Callers extends Outputs {
    stack: TestStack;
    /** What the first run printed. */
    said: string;
}

let shared: Callers | undefined;

/** Registers the hook that creates the stack, unless another file has. @returns a function that returns the stack */
export function useCallers(): () => Callers {
    useWorld();
    before(async () => void (shared ??= await create()));
    return () => shared!;
}

async function create(): Promise<Callers> {
    const stack = await TestStack.create(NAMESPACE, { consumers, pathPrefix: PATH_PREFIX });
    for (const [i, brought] of Object.values(BROUGHT).entries())
        await stack.configureSecret(`consumers[1].credentials[${i + 1}].key`, brought);
    const said = succeeded(await stack.up()).stdout;
    return { stack, said, ...(await stack.outputs()) };
}
