// Proves that a review knows each kind of resource that some option of this project makes: another would be a risk in every change.
import { strict as assert } from "node:assert";
import { kindOf } from "../../../../../ops/stack/review/changes";
import { RULES } from "../../../../../ops/stack/review/rules";
import type { Seen } from "../../../../kit";
import { recordCallers } from "../../../callers";
import { recordCloudflare } from "../../../cloudflare";
import { recordNodes, THREE } from "../../../cluster-nodes";
import { interSettings, recordInter } from "../../../inter";
import { recordExposed, recordStack } from "../../../intra-a";
import { RAMPART_OPT, recordIntraB } from "../../../intra-b";

describe("review", () => {
    it("knows every kind of resource that this project makes", async () => {
        const programs: (() => Promise<Seen[]>)[] = [
            () => recordStack("helm"),
            () => recordStack("rampart"),
            () => recordExposed("rampart"),
            () => recordInter(interSettings("helm")),
            () => recordNodes({ nodes: THREE }),
            () => recordIntraB("prepare"),
            () => recordIntraB("prepare", {}, RAMPART_OPT),
            () => recordCloudflare(),
            () => recordCallers(),
        ];
        const seen: Seen[] = [];
        // One after another: they share the engine that records them.
        for (const program of programs) seen.push(...(await program()));
        const kinds = new Set(seen.flatMap(({ custom, type }) => (custom ? [kindOf(type)] : [])));
        assert.deepEqual(
            [...kinds].filter((kind) => RULES[kind] === undefined),
            [],
        );
    });
});
