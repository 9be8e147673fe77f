import { strict as assert } from "node:assert";
import { gatewayWiring } from "../../../../components/apisix/wiring";
import { comesAfter, oneOfKind, record } from "../../../kit";

describe("gatewayWiring", () => {
    it("creates the GatewayProxy before the objects that refer to it", async () => {
        const seen = await record(
            () => void gatewayWiring("alpa-wiring", { apisixNamespace: "gateway", namespace: "team-a" }, {}),
        );
        const proxy = oneOfKind(seen, "GatewayProxy");
        assert.ok(comesAfter(seen, oneOfKind(seen, "IngressClass"), proxy));
        assert.ok(comesAfter(seen, oneOfKind(seen, "Gateway"), proxy));
        assert.ok(comesAfter(seen, oneOfKind(seen, "Gateway"), oneOfKind(seen, "GatewayClass")));
    });
});
