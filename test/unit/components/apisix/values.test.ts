import { strict as assert } from "node:assert";
import { ADMIN_SERVICE, apisixValues, controllerName } from "../../../../components/apisix/values";
import { release } from "./release-fixture";

const installation = { release: "team-a", namespace: "team-a-gateway" };
const values = apisixValues(release, "team-a", installation);

describe("apisixValues", () => {
    it("takes image, port and replicas from the config", () => {
        assert.deepEqual(values.image, release.image);
        assert.deepEqual(values.etcd.image, release.etcdImage);
        assert.equal(values.replicaCount, 2);
        assert.equal(values.service.http?.nodePort, 30900);
    });
    // The chart writes the policy whatever the type is, and with ClusterIP Kubernetes refuses any but an empty one.
    it("opens no port on the nodes without a node port", () =>
        assert.deepEqual(apisixValues({ ...release, nodePort: undefined }, "team-a", installation).service, {
            type: "ClusterIP",
            externalTrafficPolicy: "",
        }));
    it("reads both Admin keys from our Secret, so that the chart's own are never used", () =>
        assert.deepEqual(values.apisix.admin.credentials, {
            secretName: "apisix-admin-keys",
            secretAdminKey: "admin",
            secretViewerKey: "viewer",
        }));
    it("holds no key itself", () => {
        const text = JSON.stringify(values);
        assert.doesNotMatch(text, /edd1c9f034335f136f87ad84b625c8f1|rootPassword/);
        assert.deepEqual(text.match(/"value":"[^"]*"/g), ['"value":"alpa-auth"'], "the name of the settings file");
    });
    it("has etcd ask for a password, from a Secret of the only name that the chart gives APISIX", () => {
        // _helpers.tpl of the chart 2.14.0, "apisix.etcd.secretName" and "secretPasswordKey": no value changes them.
        assert.deepEqual(values.etcd.auth.rbac, {
            create: true,
            existingSecret: `${installation.release}-etcd`,
            existingSecretPasswordKey: "etcd-root-password",
        });
        assert.equal(values.etcd.usePasswordFiles, false, "a variable stays what it is until the pod starts again");
    });
    it("serves no Admin page", () => assert.equal(values.apisix.admin.enable_admin_ui, false));
    it("gives the ingress controller a name of its own per namespace", () => {
        assert.equal(values["ingress-controller"].config.controllerName, controllerName("team-a"));
        assert.notEqual(controllerName("team-a"), controllerName("team-b"));
    });
    it("leaves the class named after the namespace to us", () => {
        const { ingressClass, defaultIngressClass } = values["ingress-controller"].config.kubernetes;
        assert.notEqual(ingressClass, "team-a");
        assert.equal(defaultIngressClass, false);
        assert.equal(values["ingress-controller"].gatewayProxy.createDefault, false);
    });
    it("does not let the chart open etcd to the whole cluster", () =>
        assert.equal(values.etcd.networkPolicy.enabled, false));
    it("makes nothing that differs at each rendering", () => {
        assert.equal(values.etcd.auth.token.enabled, false);
        assert.equal(values["ingress-controller"].webhook.enabled, false);
        assert.deepEqual(apisixValues(release, "team-a", installation), values);
    });
    it("has the chart take etcd from a mirror, which it would refuse by itself", () => {
        const global = (registry: string) =>
            (
                apisixValues({ ...release, etcdImage: { ...release.etcdImage, registry } }, "team-a", installation)
                    .etcd as any
            ).global;
        assert.deepEqual(global("mirror.example.org"), { security: { allowInsecureImages: true } });
        assert.equal(global("docker.io"), undefined);
    });
    it("names a storage class only where one is chosen", () => {
        assert.ok(!("persistence" in values.etcd));
        const { etcd } = apisixValues({ ...release, storageClass: "fast" }, "team-a", installation);
        assert.deepEqual((etcd as any).persistence, { storageClass: "fast" });
    });
    it("names the Admin API's Service as the chart does", () =>
        assert.deepEqual(ADMIN_SERVICE, { name: `${values.fullnameOverride}-admin`, port: 9180 }));
});
