/** The tests to run for each real part, and the table of a release: part, version, real or emulated, passed checks. */
import type { PartReport } from "../sandbox/real/choice";
import type { PartName } from "../sandbox/real/parts";

/** Tests to run for each real part. An emulated part needs no further tests, because `npm test` tests its emulator. */
export const CHECKS: Record<PartName, readonly string[]> = {
    charts: [
        "test/engine/gateway/real-charts.test.ts",
        "test/engine/gateway/route.test.ts",
        "test/engine/cluster/inter.test.ts",
    ],
    apisix: [
        "test/engine/callers/credentials.test.ts",
        "test/engine/gateway/route.test.ts",
        "test/engine/callers/limits.test.ts",
        "test/engine/gateway/observability.test.ts",
        "test/engine/openai/streams.test.ts",
    ],
    "ingress-controller": [
        "test/engine/callers/credentials.test.ts",
        "test/engine/gateway/route.test.ts",
        "test/engine/openai/streams.test.ts",
    ],
    "cloudflare-provider": [
        "test/engine/cloudflare/stack.test.ts",
        "test/engine/cloudflare/move.test.ts",
        "test/engine/cloudflare/operations.test.ts",
    ],
    cloudflared: [
        "test/engine/cloudflare/stack.test.ts",
        "test/engine/cloudflare/hosts.test.ts",
        "test/engine/cloudflare/exposure.test.ts",
        "test/engine/openai/access.test.ts",
        "test/engine/openai/streams.test.ts",
        "sandbox/test/cloudflare/edge/forward.test.ts",
        "sandbox/test/workloads/connector-pods.test.ts",
    ],
    "cert-manager": ["test/engine/cluster/inter-nodes.test.ts"],
    llama: ["test/engine/sandbox/cli-stacks.test.ts"],
};

/** Counts of one test file. */
export interface Outcome {
    passed: number;
    failed: number;
}

/** Each file once, in the order of the parts. */
export function filesToRun(parts: PartReport[]): string[] {
    return [...new Set(parts.filter(({ real }) => real).flatMap(({ part }) => CHECKS[part]))];
}

export const HEAD = ["part", "version", "real or emulated", "checks passed"];

export function rowsOf(parts: PartReport[], outcomes: Map<string, Outcome>): string[][] {
    return parts.map(({ part, title, version, real }) => {
        const ran = CHECKS[part].map((file) => outcomes.get(file)).filter((outcome) => outcome !== undefined);
        const passed = ran.reduce((sum, outcome) => sum + outcome.passed, 0);
        const failed = ran.reduce((sum, outcome) => sum + outcome.failed, 0);
        return [title, version, real ? "real" : "emulated", real ? `${passed} of ${passed + failed}` : "none"];
    });
}

/** Whether every real part has checks that ran and passed. */
export function holds(parts: PartReport[], outcomes: Map<string, Outcome>): boolean {
    const files = filesToRun(parts);
    return (
        files.length > 0 &&
        files.every((file) => {
            const { passed, failed } = outcomes.get(file) ?? { passed: 0, failed: 0 };
            return passed > 0 && failed === 0;
        })
    );
}
