import { strict as assert } from "node:assert";
import { ADMIN_KEYS_SECRET } from "../../../../components/apisix/gateway-pods";
import { ADMIN_SERVICE, controllerName } from "../../../../components/apisix/values";
import { gatewayWiring } from "../../../../components/apisix/wiring";
import { asked, comesAfter, oneOfKind, record } from "../../../kit";

describe("gatewayWiring", () => {
    let wiring: ReturnType<typeof gatewayWiring> | undefined;
    const build = () =>
        record(() => (wiring = gatewayWiring("alpa-wiring", { apisixNamespace: "gateway", namespace: "team-a" }, {})));
    const spec = async (kind: string) => oneOfKind(await build(), kind).inputs.spec;

    it("binds routes and consumers to one GatewayProxy", async () => {
        const seen = await build();
        const { metadata } = oneOfKind(seen, "GatewayProxy").inputs;
        const { parameters } = oneOfKind(seen, "IngressClass").inputs.spec;
        const { inputs: gateway } = oneOfKind(seen, "Gateway");
        assert.deepEqual([metadata.name, metadata.namespace], ["team-a", "gateway"]);
        assert.deepEqual(parameters, {
            apiGroup: "apisix.apache.org",
            kind: "GatewayProxy",
            name: metadata.name,
            namespace: metadata.namespace,
            scope: "Namespace",
        });
        assert.deepEqual(gateway.spec.infrastructure.parametersRef, {
            group: "apisix.apache.org",
            kind: "GatewayProxy",
            name: metadata.name,
        });
        assert.equal(
            gateway.metadata.namespace,
            metadata.namespace,
            "a Gateway finds only a GatewayProxy of its namespace",
        );
    });

    it("is served by this project's ingress controller and no other", async () => {
        assert.equal((await spec("IngressClass")).controller, controllerName("team-a"));
        assert.equal((await spec("GatewayClass")).controllerName, controllerName("team-a"));
        assert.equal((await spec("Gateway")).gatewayClassName, "team-a");
    });

    it("reads the Admin key from the Secret, and never contains it", async () => {
        const { controlPlane } = (await spec("GatewayProxy")).provider;
        assert.deepEqual(controlPlane.service, ADMIN_SERVICE);
        assert.deepEqual(controlPlane.auth.adminKey, {
            valueFrom: { secretKeyRef: { name: ADMIN_KEYS_SECRET.name, key: ADMIN_KEYS_SECRET.admin } },
        });
    });

    it("creates the GatewayProxy before the objects that refer to it", async () => {
        const seen = await build();
        const proxy = oneOfKind(seen, "GatewayProxy");
        assert.ok(comesAfter(seen, oneOfKind(seen, "IngressClass"), proxy));
        assert.ok(comesAfter(seen, oneOfKind(seen, "Gateway"), proxy));
        assert.ok(comesAfter(seen, oneOfKind(seen, "Gateway"), oneOfKind(seen, "GatewayClass")));
    });

    it("matches its preview in a first run: the class has the fields that the provider adds to an unknown kind", async () => {
        assert.equal(oneOfKind(await build(), "GatewayClass").inputs.metadata.namespace, "default");
    });

    it("gives a broken controller 2 minutes to remove finalizers from its objects", async () => {
        const seen = await build();
        for (const kind of ["GatewayClass", "Gateway"]) assert.equal(asked(oneOfKind(seen, kind)).deleteTimeout, "2m");
    });

    it("outputs what routes and consumers refer to", async () => {
        await build();
        assert.deepEqual(wiring!.binding, { ingressClass: "team-a", gateway: "team-a", gatewayNamespace: "gateway" });
    });
});
