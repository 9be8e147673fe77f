// Proves that gateway.closed closes the callers' route of each option with a gateway, before Alpa in the cluster changes.
import { strict as assert } from "node:assert";
import { comesAfter, oneOfKind, type Seen } from "../../kit";
import { recordStack } from "../kit/intra-a";
import { recordIntraB } from "../kit/intra-b";
import { interValues, parseInter, recordInter } from "../kit/inter";

const CLOSED = "new version of the model";

/** The answer of the gateway itself to an authenticated request, for both of Alpa's paths. */
const answers = (seen: Seen[]): any[] =>
    oneOfKind(seen, "ApisixRoute", "alpa")
        .inputs.spec.http.filter(({ name }: any) => ["completions", "logprobs"].includes(name))
        .map(({ plugins }: any) => plugins.find(({ name }: any) => name === "fault-injection").config.abort);

const named = (seen: Seen[], name: string) => {
    const found = seen.find((resource) => resource.name === name);
    assert.ok(found, name);
    return found;
};

describe("gateway.closed", () => {
    const stacks: [what: string, make: (gateway: object) => Promise<Seen[]>][] = [
        ["intra-a", (gateway) => recordStack("rampart", { gateway })],
        [
            "intra-a with an existing gateway",
            (gateway) => {
                const binding = { ingressClass: "a", gateway: "a/a", url: "http://10.0.0.9" };
                return recordStack("rampart", { gateway: { installer: "existing", existing: binding, ...gateway } });
            },
        ],
        ["intra-b, bare metal", (gateway) => recordIntraB("prepared", { gateway })],
        ["intra-b, converted", (gateway) => recordIntraB("open", { gateway })],
        ["inter", (gateway) => recordInter(parseInter(interValues({}, gateway)))],
    ];
    for (const [what, make] of stacks)
        it(`answers every caller with 503 and Retry-After: ${what}`, async () => {
            for (const { http_status, headers, body, vars } of answers(await make({ closed: CLOSED }))) {
                assert.deepEqual([http_status, headers["Retry-After"], vars], [503, "60", undefined]);
                const { type, message, stacktrace } = JSON.parse(body);
                assert.deepEqual([type, stacktrace], ["error", ""]);
                assert.equal(message, "Alpa is in maintenance and cannot answer at present: try again in 60 s");
            }
            for (const { http_status } of answers(await make({}))) assert.equal(http_status, 403);
        });

    const COMPONENT = ["alpa-conversion-component-images", "alpa-conversion-component-ray"];

    it("is served by every gateway pod before the component changes, and opens when the component is ready", async () => {
        const closed = await recordIntraB("open", { gateway: { closed: CLOSED } });
        for (const name of COMPONENT)
            assert.ok(comesAfter(closed, named(closed, name), named(closed, "alpa-served")), name);
        const open = await recordIntraB("open");
        assert.ok(comesAfter(open, named(open, "alpa-route-rules"), named(open, "alpa-conversion-component-ready")));
    });

    it("changes only the callers' route: consumers and the verifier's route stay", async () => {
        const [open, closed] = [
            await recordIntraB("open"),
            await recordIntraB("open", { gateway: { closed: CLOSED } }),
        ];
        const differ = closed.filter(
            ({ name, custom, inputs }) => custom && JSON.stringify(inputs) !== JSON.stringify(named(open, name).inputs),
        );
        assert.deepEqual(differ.map(({ name }) => name).sort(), ["alpa-route-rules", "alpa-served"]);
    });
});
