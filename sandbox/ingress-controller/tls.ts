// Translates ApisixTls (v2) to APISIX ssl objects.
// Facts: apache/apisix-ingress-controller 2.x, internal/adc/translator/apisixtls.go and internal/ssl. As in the real
// controller, the certificate is not compared with the hosts or with its key.

import { secretText, type Resource, type World } from "./kinds";
import { nameId, unsupported, ownerLabels, Refusal, type ApisixObject } from "./objects";

export function translateTls(world: World, controllerName: string, owner: Resource): ApisixObject[] {
    const { hosts, secret, client } = owner.spec as {
        hosts: string[];
        secret: { name: string; namespace: string };
        client?: object;
    };
    if (client) throw unsupported("ApisixTls with client certificates");
    const values = secretText(world, secret.namespace, secret.name);
    if (!values) throw new Refusal("InvalidSpec", `secret ${secret.namespace}/${secret.name} not found`);
    // A Secret has the keys of one of two formats. If it has both, APISIX's own format (`cert`, `key`) wins.
    const [cert, key] = "cert" in values ? [values.cert, values.key] : [values["tls.crt"], values["tls.key"]];
    if (cert === undefined) throw new Refusal("InvalidSpec", "unknown secret format");
    if (key === undefined) throw new Refusal("InvalidSpec", "missing key field");
    const id = nameId(`ApisixTls_${owner.metadata.namespace}_${owner.metadata.name}`);
    const body = { id, cert, key, snis: hosts, labels: ownerLabels(owner, controllerName) };
    return [{ collection: "ssls", id, path: `ssls/${id}`, body }];
}
