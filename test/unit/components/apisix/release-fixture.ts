import type { ReleaseSettings } from "../../../../components/apisix/values";

/** Settings of a release in which no value is the default. */
export const release: ReleaseSettings = {
    chart: { repository: "https://charts.example.org", version: "2.14.1" },
    image: { repository: "mirror.example.org/apisix", tag: "3.18.0" },
    etcdImage: "mirror.example.org/team/etcd:v3.6.99",
    replicas: 2,
    nodePort: 30900,
};
