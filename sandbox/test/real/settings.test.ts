// Proves that real programs get the settings of their pods unchanged, except listen addresses, upstream names and folders.
import { strict as assert } from "node:assert";
import { parse } from "yaml";
import { apisixConfig } from "../../real/apisix-config";
import { ingressControllerConfig } from "../../real/ingress-controller";

const RENDERED = `
apisix:
  node_listen: [9080]
  enable_admin: true
  enable_http2: true
  control: { ip: 127.0.0.1, port: 9090 }
  status: { ip: 0.0.0.0, port: 7085 }
  proxy_cache: { cache_ttl: 10s, zones: [{ name: one, disk_path: /tmp/disk_cache_one }] }
  stream_proxy: { tcp: [9100], udp: [9200] }
  ssl: { enable: true, listen: [{ port: 9443, enable_http3: false }], ssl_protocols: TLSv1.3 }
  trusted_addresses: [10.0.0.0/8]
nginx_config: { worker_processes: auto, http: { underscores_in_headers: "on", enable_access_log: on } }
plugin_attr: { redirect: { https_port: 443 } }
deployment:
  role: traditional
  admin: { admin_listen: { ip: 0.0.0.0, port: 9180 }, admin_key: [{ name: admin, key: "\${{APISIX_ADMIN_KEY}}" }] }
  etcd: { host: ["http://alpa-etcd.llm.svc.cluster.local:2379"], prefix: /apisix }
`;

const place = {
    ports: { data: 1, admin: 2, tls: 3, control: 4, status: 8, prometheus: 5, streams: [6, 7] },
    etcd: new Map([["alpa-etcd.llm.svc.cluster.local", "127.70.0.10"]]),
    dns: "127.70.0.1",
    writes: "/pod/writes",
};
const read = (text: string) => parse(text) as Record<string, Record<string, unknown>>;

describe("settings of a real APISIX", () => {
    const settings = read(apisixConfig(RENDERED, place));

    it("listen only on loopback, on ports of their own", () => {
        const { apisix, plugin_attr, deployment } = settings;
        assert.deepEqual(apisix.node_listen, [{ ip: "127.0.0.1", port: 1 }]);
        assert.deepEqual((deployment.admin as Record<string, unknown>).admin_listen, { ip: "127.0.0.1", port: 2 });
        assert.deepEqual((apisix.ssl as Record<string, unknown>).listen, [
            { port: 3, enable_http3: false, ip: "127.0.0.1" },
        ]);
        assert.deepEqual(apisix.control, { ip: "127.0.0.1", port: 4 });
        assert.deepEqual(apisix.status, { ip: "127.0.0.1", port: 8 });
        assert.deepEqual((plugin_attr.prometheus as Record<string, unknown>).export_addr, { ip: "127.0.0.1", port: 5 });
        assert.deepEqual(apisix.stream_proxy, { tcp: [{ addr: "127.0.0.1:6" }], udp: ["127.0.0.1:7"] });
    });

    it("use etcd and the cluster's names on loopback", () => {
        assert.deepEqual(settings.deployment.etcd, { host: ["http://127.70.0.10:2379"], prefix: "/apisix" });
        assert.deepEqual(settings.apisix.dns_resolver, ["127.70.0.1"]);
    });

    it("keep everything else as rendered", () => {
        const { apisix, nginx_config, plugin_attr, deployment } = settings;
        assert.equal(apisix.enable_http2, true);
        assert.equal((apisix.ssl as Record<string, unknown>).ssl_protocols, "TLSv1.3");
        assert.deepEqual(apisix.trusted_addresses, ["10.0.0.0/8"]);
        const http = { underscores_in_headers: "on", enable_access_log: true };
        assert.deepEqual(nginx_config, { worker_processes: "auto", http });
        assert.deepEqual(plugin_attr.redirect, { https_port: 443 });
        assert.equal(deployment.role, "traditional");
        assert.deepEqual((deployment.admin as Record<string, unknown>).admin_key, [
            { name: "admin", key: "${{APISIX_ADMIN_KEY}}" },
        ]);
    });
});

describe("settings of a real ingress controller", () => {
    it("listen only on loopback, and keep everything else", () => {
        const rendered = 'controller_name: apisix.apache.org/llm\nmetrics_addr: ":8080"\nprobe_addr: ":8081"\n';
        assert.deepEqual(parse(ingressControllerConfig(rendered, 1, 2)), {
            controller_name: "apisix.apache.org/llm",
            metrics_addr: "127.0.0.1:1",
            probe_addr: "127.0.0.1:2",
        });
    });
});
