import { strict as assert } from "node:assert";
import { ADMIN_SERVICE, apisixValues, controllerName } from "../../../../components/apisix/values";
import { release } from "./release-fixture";

const values = apisixValues(release, "team-a");

describe("apisixValues", () => {
    it("uses image, port and replicas of the config", () => {
        assert.deepEqual(values.image, release.image);
        assert.equal(values.replicaCount, 2);
        assert.deepEqual(values.service, {
            type: "NodePort",
            externalTrafficPolicy: "Cluster",
            http: { nodePort: 30900 },
        });
    });
    // The chart always writes externalTrafficPolicy, which must be empty for type ClusterIP.
    it("opens no port on the nodes without a node port", () =>
        assert.deepEqual(apisixValues({ ...release, nodePort: undefined }, "team-a").service, {
            type: "ClusterIP",
            externalTrafficPolicy: "",
        }));
    it("reads both Admin keys from this project's Secret, so that the chart's own are never used", () =>
        assert.deepEqual(values.apisix.admin.credentials, {
            secretName: "apisix-admin-keys",
            secretAdminKey: "admin",
            secretViewerKey: "viewer",
        }));
    it("contains no key itself", () => {
        const text = JSON.stringify(values);
        assert.doesNotMatch(text, /edd1c9f034335f136f87ad84b625c8f1|rootPassword/);
        assert.deepEqual(text.match(/"value":"[^"]*"/g), ['"value":"alpa-auth"'], "the name of the settings file");
    });
    it("reads this project's etcd, with a password from its Secret, and does not install the chart's etcd", () => {
        assert.deepEqual(values.etcd, { enabled: false });
        assert.deepEqual(values.externalEtcd, {
            host: ["http://etcd.team-a-etcd.svc.cluster.local:2379"],
            user: "root",
            existingSecret: "apisix-etcd",
            secretPasswordKey: "etcd-root-password",
        });
    });
    it("gives the ingress controller a different name in each namespace", () => {
        assert.equal(values["ingress-controller"].config.controllerName, controllerName("team-a"));
        assert.notEqual(controllerName("team-a"), controllerName("team-b"));
    });
    it("does not create the IngressClass named after the namespace, which this project creates", () => {
        const { ingressClass, defaultIngressClass } = values["ingress-controller"].config.kubernetes;
        assert.notEqual(ingressClass, "team-a");
        assert.equal(defaultIngressClass, false);
        assert.equal(values["ingress-controller"].gatewayProxy.createDefault, false);
    });
    it("contains nothing that differs at each rendering", () => {
        assert.equal(values["ingress-controller"].webhook.enabled, false);
        assert.deepEqual(apisixValues(release, "team-a"), values);
    });
    it("names the Admin API's Service like the chart", () =>
        assert.deepEqual(ADMIN_SERVICE, { name: `${values.fullnameOverride}-admin`, port: 9180 }));
});
