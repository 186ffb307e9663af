// Ordinary use of the vendor's Node SDK: `node ordinary_use.cjs BASE_URL PREFIX PART…` prints answers as JSON.
//
// The parts of `ordinary_use.py`, step by step. `@suprsend/node-sdk` is found through NODE_PATH.

const { Suprsend } = require("@suprsend/node-sdk");

const [BASE_URL, PREFIX, ...PARTS] = process.argv.slice(2);
const client = new Suprsend("workspace_key", "workspace_secret", { base_url: BASE_URL });
const WEBPUSH = { endpoint: "https://push.example.com/1", expirationTime: null, keys: { p256dh: "p", auth: "a" } };
const numbered = (name, number) => `${PREFIX}${name}-${String(number).padStart(4, "0")}`;
const figures = (response) => [response.status, response.success, response.failure];

const parts = {
  async channels() {
    const user = client.user.get_instance(`${PREFIX}channels`);
    user.add_email("a@example.com");
    user.add_email("b@example.com");
    user.remove_email("b@example.com");
    user.add_sms("+15550100042");
    user.add_sms("+15550100043");
    user.remove_sms("+15550100043");
    user.add_whatsapp("+15550100042");
    user.add_androidpush("android-1");
    user.add_androidpush("android-2", "xiaomi");
    user.remove_androidpush("android-2", "xiaomi");
    user.add_iospush("ios-1");
    user.add_webpush(WEBPUSH);
    user.append("tags", "a");
    user.append({ tags: "b", more: 1 });
    user.remove("tags", "a");
    user.append("gone", 1);
    user.unset("gone");
    user.append("gone1", 1);
    user.append("gone2", 1);
    user.unset(["gone1", "gone2"]);
    return (await user.save()).success;
  },

  async language() {
    const user = client.user.get_instance(`${PREFIX}language`);
    user.set_preferred_language("en");
    return (await user.save()).success;
  },

  async properties() {
    const user = client.user.get_instance(`${PREFIX}properties`);
    user.set("name", "Marge");
    user.set({ plan: "pro", nested: { a: [1, 2.5, null, true, "ü"] } });
    user.set_once("first", "kept");
    user.set_once({ first: "ignored", second: 2 });
    user.increment("logins", 5);
    user.increment({ logins: -2, score: 1.5 });
    user.add_slack({ email: "marge@example.com", access_token: "xoxb-1" });
    user.add_ms_teams({ tenant_id: "t", service_url: "https://teams.example.com", user_id: "29:1" });
    return (await user.save()).success;
  },

  async timezone() {
    const user = client.user.get_instance(`${PREFIX}timezone`);
    user.set_timezone("America/New_York");
    return (await user.save()).success;
  },

  async bulk() {
    const users = client.bulk_users.new_instance();
    for (let number = 0; number < 900; number++) {
      const user = client.user.get_instance(numbered("bulk", number));
      user.append("number", number);
      users.append(user);
    }
    return figures(await users.save());
  },

  async lists() {
    const api = client.subscriber_lists;
    const list_id = `${PREFIX}list`;
    await api.create({ list_id, list_name: "A list" });
    await api.add(list_id, [0, 1, 2].map((number) => numbered("bulk", number)));
    await api.remove(list_id, [numbered("bulk", 1)]);
    const found = await api.get(list_id);
    const all = await api.get_all({ limit: 1 });
    return [found.list_id, found.list_name, found.subscribers_count, "results" in all];
  },

  async list_versions() {
    const api = client.subscriber_lists;
    const list_id = `${PREFIX}versions`;
    await api.create({ list_id });
    const draft = (await api.start_sync(list_id)).version_id;
    await api.add_to_version(list_id, draft, [0, 1, 2, 3, 4].map((number) => numbered("bulk", number)));
    await api.remove_from_version(list_id, draft, [numbered("bulk", 0)]);
    const in_draft = (await api.get_version(list_id, draft)).subscribers_count;
    await api.finish_sync(list_id, draft);
    return [in_draft, (await api.get(list_id)).subscribers_count, (await api.delete(list_id)).success];
  },

  async users() {
    const api = client.users;
    const ids = ["plain", "a/b", "a+b", "a%2Fb", "ü?#&"].map((name) => `${PREFIX}${name}`);
    const answers = [];
    for (const distinct_id of ids) {
      let edit = api.get_edit_instance(distinct_id);
      edit.set("n", 1);
      answers.push((await api.async_edit(edit)).success);
      edit = api.get_edit_instance(distinct_id);
      edit.increment("n", 1);
      answers.push((await api.edit(edit)).properties.n);
      answers.push((await api.edit(distinct_id, { operations: [{ $add: { n: 1 } }] })).properties.n);
      await api.upsert(distinct_id, { $email: ["a@example.com"], m: 1 });
      answers.push((await api.get(distinct_id)).distinct_id === distinct_id);
    }
    const page = await api.list({ limit: 2, search: PREFIX });
    answers.push(page.results.length, page.meta.has_next);
    answers.push((await api.get_objects_subscribed_to(ids[0])).results.length);
    answers.push((await api.get_lists_subscribed_to(ids[0])).results.length);
    answers.push((await api.delete(ids[0])).success);
    try {
      await api.get(ids[0]);
      answers.push(null);
    } catch (error) {
      answers.push(Number.parseInt(error.message, 10));
    }
    return answers;
  },

  async users_bulk() {
    const edits = client.users.get_bulk_edit_instance();
    for (let number = 0; number < 900; number++) {
      const edit = client.users.get_edit_instance(numbered("many", number));
      edit.set("number", number);
      edits.append(edit);
    }
    return figures(await edits.save());
  },

  async objects() {
    const api = client.objects;
    const name = ["teams", `${PREFIX}a/b`];
    const user = `${PREFIX}member`;
    const edit = api.get_edit_instance(...name);
    edit.set("name", "Core");
    await api.edit(edit);
    await api.upsert(...name, { plan: "pro" });
    await api.create_subscriptions(...name, { recipients: [user] });
    const subscribed = (await api.get_subscriptions(...name)).results.map((row) => row.user.distinct_id);
    await api.delete_subscriptions(...name, { recipients: [user] });
    const found = await api.get(...name);
    const only = subscribed.length === 1 && subscribed[0] === user;
    return [found.properties, only, found.subscriptions_count, (await api.delete(...name)).success];
  },

  async spaces() {
    const user = `${PREFIX}c d`;
    await client.users.upsert(`${PREFIX}c+d`, { n: 7 });
    let edit = client.users.get_edit_instance(user);
    edit.set("n", 1);
    await client.users.async_edit(edit);
    const answers = [(await client.users.get(user)).distinct_id === user];
    edit = client.users.get_edit_instance(user);
    edit.increment("n", 1);
    answers.push((await client.users.edit(edit)).properties.n);
    await client.objects.upsert("the teams", user, { n: 1 });
    answers.push((await client.objects.get("the teams", user)).id === user);
    answers.push((await client.users.get(`${PREFIX}c+d`)).properties.n);
    return answers;
  },
};

async function main() {
  const answers = {};
  for (const part of PARTS) {
    try {
      answers[part] = await parts[part]();
    } catch (error) {
      answers[part] = `${error.name}: ${error.message}`;
    }
  }
  // Not console.log: the SDK writes warnings there.
  process.stdout.write(`\n${JSON.stringify(answers)}`);
}

main();
