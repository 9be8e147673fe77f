// Proves that the bench compares the right figures, and that all programs get the same callers.
import { strict as assert } from "node:assert";
import { parseAllDocuments } from "yaml";
import { callers, manifests, rotated } from "../../../bench/callers";
import { type Row, table } from "../../../bench/table";
import { renderConsumer } from "../../../components/consumers/consumers";

const binding = { ingressClass: "gw", gateway: "gw", gatewayNamespace: "gw-apisix" };

describe("bench", () => {
    it("shows each figure with its ratio to the flat program's", () => {
        const flat: Row = { way: "flat", settings: "fast", firstUp: 10, preview: 2, targeted: 2, bytes: 1000 };
        const [, , ...rows] = table([
            flat,
            { ...flat, way: "alpa-auth", firstUp: 11, flat },
            { way: "kubectl", settings: "-", firstUp: 1, preview: 1, targeted: 1 },
        ]).split("\n");
        const cells = rows.map((row) => row.split("|").map((cell) => cell.trim()));
        assert.deepEqual(
            cells.map((row) => row[3]),
            ["10.0", "11.0 (× 1.10)", "1.0"],
        );
        assert.deepEqual(
            cells.map((row) => row[9]),
            ["1", "1 (× 1.00)", "-"],
        );
    });

    it("gives kubectl the same Consumers as alpa-auth", () => {
        const all = rotated(callers(2), "b");
        const objects = parseAllDocuments(manifests(all, "ns", binding)).map((d) => d.toJS());
        assert.deepEqual(
            objects.map(({ kind, metadata }) => `${kind} ${metadata.name}`),
            [
                ...["Namespace ns", "Secret team-0000.a", "Secret team-0000.b", "Consumer team-0000"],
                ...["Secret team-0001.a", "Consumer team-0001"],
            ],
        );
        const credentials = ["a", "b"].map((id) => ({ id, method: "key" as const }));
        const ours = renderConsumer({ name: "team-0000", limits: {}, credentials }, binding, "ns");
        assert.deepEqual(objects[3].spec, ours);
    });

    it("counts whole callers: only the rotated caller has two keys", () => {
        const all = rotated(callers(3), "b");
        assert.deepEqual(all, { "team-0000": ["a", "b"], "team-0001": ["a"], "team-0002": ["a"] });
    });
});
