import { strict as assert } from "node:assert";
import { parse } from "../../../config";
import { intra } from "../../../stacks/intra";
import { oneOfKind, record } from "../../kit";

const alpa = '{"endpoints":["10.0.0.11:20001"]}';

describe("stack intra", () => {
    it("puts the gateway into a Rampart graph of its own namespace", async () => {
        const seen = await record(() => intra(parse({ option: "intra-a", alpa })));
        assert.equal(oneOfKind(seen, "RampartGraph").inputs.metadata.namespace, "alpa-auth");
    });
});
