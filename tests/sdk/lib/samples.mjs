// The sample events of RudderStack's webhook documentation, as their clients make them.

const page = {
  path: "/tests/html/script-test.html",
  referrer: "http://localhost:1111/tests/html/",
  search: "",
  title: "",
  url: "http://localhost:1111/tests/html/script-test.html",
};

const context = (traits) => ({
  app: {
    build: "1.0.0",
    name: "RudderLabs JavaScript SDK",
    namespace: "com.rudderlabs.javascript",
    version: "1.1.1-rc.2",
  },
  traits,
  library: { name: "RudderLabs JavaScript SDK", version: "1.1.1-rc.2" },
  userAgent:
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_14_6) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/80.0.3987.149 Safari/537.36",
  locale: "en-US",
  os: { name: "", version: "" },
  screen: { density: 1.600000023841858 },
  page,
});

const traits = (email, company) => ({
  name: "User name",
  email,
  plan: "Enterprise",
  company: { id: company },
  createdAt: "Thu Mar 24 2016 17:46:45 GMT+0000 (UTC)",
});

const common = { channel: "web", integrations: { All: true } };

export const SAMPLES = [
  {
    ...common,
    type: "identify",
    messageId: "508d5e8c-96e4-4301-bd46-1890dba5c866",
    originalTimestamp: "2020-04-22T08:06:20.337Z",
    anonymousId: "21b43de4-3b9b-423f-b51f-794eae31fc03",
    userId: "my-user-id",
    context: context(traits("user@domain.com", "company-A")),
  },
  {
    ...common,
    type: "page",
    messageId: "97114191-e2f2-42af-97db-14b358b1cfe1",
    originalTimestamp: "2020-04-22T08:06:20.334Z",
    anonymousId: "57d95a96-61dc-47bf-8f96-5d37543d7438",
    userId: "user@domain.com",
    context: context({}),
    properties: { ...page, experiment: { variant: "old" } },
  },
  {
    ...common,
    type: "track",
    messageId: "04a303b1-a466-4e66-9022-2a24edaca4fc",
    originalTimestamp: "2020-04-22T08:06:20.338Z",
    anonymousId: "21b43de4-3b9b-423f-b51f-794eae31fc03",
    userId: "my-user-id",
    event: "Product Purchased",
    context: context(traits("user@doamin.com", "comapny-A")),
    properties: {
      order_ID: "1",
      category: "boots",
      product_name: "new_boots",
      price: 60,
      currency: "USD",
    },
  },
];
