// Part of `npm run record`: changes of a stack of option cloudflare. Cloudflare's API is an emulator. The provider is
// an emulator too, unless ALPA_AUTH_REAL names cloudflare-provider. Field `made` of each recording says which it was.
// test/unit/ops/stack/review/recorded/cloudflare.test.ts has the expected reviews.
import { partsOfEnvironment } from "../../sandbox/real/choice";
import { AccessStack, here, useCloudflare } from "../engine/kit/cloudflare/access-stack";
import type { StackConfig } from "../engine/kit/stack";
import { Recorder } from "./recorder";

const token = (id: string, more: object = {}) => ({ id, method: "service-token", ...more });
const alice = { name: "alice", credentials: [token("a1"), token("a2")] };
const bob = { name: "bob", credentials: [token("b1")] };
const carol = { name: "carol", credentials: [token("c1")] };
const consumers = [alice, bob];
const ofBob = (more: object) => ({ consumers: [alice, { ...bob, credentials: [token("b1", more)] }] });
const later = new Date(Date.now() + 14 * 24 * 3_600_000).toISOString().slice(0, 10);

/**
 * Providers before 6.20 ignore `enabled` of a service token. With such a provider this change is not recorded, and the
 * file keeps the recording of the emulated provider.
 */
const NEEDS_ENABLED = "a disabled token";
const provider = partsOfEnvironment()["cloudflare-provider"];
const ignoresEnabled = provider !== undefined && /^6\.1?\d\./.test(provider.version);

const CHANGES: Record<string, () => StackConfig> = {
    nothing: () => ({}),
    "mail to operators": () => ({ notify: ["ops@example.com"] }),
    "an added caller": () => ({ consumers: [...consumers, carol] }),
    "a token with a longer duration": () => ({
        consumers: [{ ...alice, credentials: [token("a1", { duration: "forever" }), token("a2")] }, bob],
    }),
    "a removed caller": () => ({ consumers: [alice] }),
    "a removed token": () => ({ consumers: [{ ...alice, credentials: [token("a1")] }, bob] }),
    [NEEDS_ENABLED]: () => ofBob({ enabled: false }),
    "a rotated secret": () => ofBob({ secretVersion: 2, previousSecretExpires: later }),
    "browser checks": () => ({ browserChecks: "keep" }),
    "a rate limit": () => ({ rateLimit: { requests: 60, perSeconds: 10, blockSeconds: 10, per: "address" } }),
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

    for (const [what, config] of Object.entries(CHANGES)) {
        if (what === NEEDS_ENABLED && ignoresEnabled) continue;
        it(what, async () => {
            stack.configure({ consumers, ...config() });
            await recorder.preview(what, stack, here().dir);
        });
    }
});
