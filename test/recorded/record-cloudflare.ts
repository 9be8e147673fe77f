// Part of `npm run record`: changes of a stack of option cloudflare. Cloudflare's API is an emulator. The provider is
// an emulator too, unless ALPA_AUTH_REAL names cloudflare-provider. Field `made` of each recording says which it was.
// test/unit/ops/stack/review/recorded.test.ts has the expected reviews.
import { AccessStack, here, useCloudflare } from "../engine/kit/cloudflare/access-stack";
import type { StackConfig } from "../engine/kit/stack";
import { Recorder } from "./recorder";

const token = (id: string, more: object = {}) => ({ id, method: "service-token", ...more });
const alice = { name: "alice", credentials: [token("a1"), token("a2")] };
const bob = { name: "bob", credentials: [token("b1")] };
const consumers = [alice, bob];
const later = new Date(Date.now() + 14 * 24 * 3_600_000).toISOString().slice(0, 10);
const rotated = token("b1", { secretVersion: 2, previousSecretExpires: later });

const CHANGES: Record<string, () => StackConfig> = {
    "a rotated secret": () => ({ consumers: [alice, { ...bob, credentials: [rotated] }] }),
    "another name": () => ({ hostname: `other.${here().world.facts.cloudflare.zone}` }),
};

describe("previews of option cloudflare", function () {
    this.timeout(120_000);
    useCloudflare();
    const recorder = new Recorder("cloudflare");
    let stack: AccessStack;

    before(async () => {
        stack = await AccessStack.create("review", { consumers });
        await recorder.up(stack);
    });
    after(() => recorder.write());

    for (const [what, config] of Object.entries(CHANGES))
        it(what, async () => {
            stack.configure({ consumers, ...config() });
            await recorder.preview(what, stack, here().dir);
        });
});
