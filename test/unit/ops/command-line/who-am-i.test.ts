import { strict as assert } from "node:assert";
import { hostname, userInfo } from "node:os";
import { whoAmI } from "../../../../ops/who-am-i";

describe("the operator in records", () => {
    it("is user and host, and the number of a user without a name, as in a container", () => {
        assert.equal(whoAmI(), `${userInfo().username}@${hostname()}`);
        const nameless = () => {
            throw new Error("A system error occurred: uv_os_get_passwd returned ENOENT");
        };
        assert.equal(whoAmI(nameless), `uid ${process.getuid!()}@${hostname()}`);
    });
});
