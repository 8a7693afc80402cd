/* tests/unit/rsa_keys.h: two keys of 2048 bits, for tests alone: to find one takes valgrind half a minute. */
#ifndef POSTERN_TESTS_RSA_KEYS_H
#define POSTERN_TESTS_RSA_KEYS_H

#include <openssl/evp.h>
#include <openssl/pem.h>

enum { RSA_TEST_KEYS = 2 };

static inline EVP_PKEY *rsa_test_key(size_t number)
{
    static const char *const pems[RSA_TEST_KEYS] = {
        "-----BEGIN PRIVATE KEY-----\n"
        "MIIEvgIBADANBgkqhkiG9w0BAQEFAASCBKgwggSkAgEAAoIBAQDm60x/8nDUJnKV\n"
        "NpAIwW72lEKxxEJKoU9sq+dospPd8aGB/HeGrJAKUJxkjS6hYuybelIS+xJU86pO\n"
        "XKc0ExllD2FjjD+lg6yuQw4QQC6p0F4gCZY2qhluPWP4GhJeF61IuKPXGS85u0Pi\n"
        "5mpccBpqYjJqACRFJO/os7frR/PguVlLLxW06b1ApuT9XOhbDkgWxVQ5eY5g9NPa\n"
        "Z/uAfSBtUK8cJMYoNxLxSH969GW1gq1YopYAV2Cl+cGeHihQT55jl/b4v7/TqIr5\n"
        "ZuMGoq6KijeUie+GQES1FNHTm95aWAh+HA9KMQu9O1j3Mae967ttpvJPVmnJW5wY\n"
        "CkrF6PF/AgMBAAECggEAAVBzhgLmO37ghhLibPpU3FhprMNWMUCLyC2OSp1BlDDM\n"
        "34WFVKHky/o7eaMIEekTOatPjkYZi5w7aujCFtzI9zdIMZ3ZuuJt+Cvvh44l9dd2\n"
        "wa3sSfFb5bG5wO69DgYKeXB7ljzRdP2o3EC9eDs3G0XlzY6kpjQYnXVwZYlqTOwe\n"
        "XnhvY8CGMt0e9Pktq+O2jRo24ot8EyLbRqNSkzXEgoDshvb14wmc4iLpY1CDxdkO\n"
        "ReB7PfYExaUZ7K0mrbm9Vbmvdz9c231lHCK1fJa5IHy1Nnkx3sLZc7CQWP0Sg8Hw\n"
        "n78aQ8w8lDIMwER/0ed/L7qPTyE09B87ZF3tS0SECQKBgQDzLQqIQyomMhuS5xF4\n"
        "IV31PZeCxtbdmvii2fN0r7ppnU3d5KfeaNNkj0NA4zm/LYFmzg+g3Mx0ZGuJF4cn\n"
        "v25MQTPbQsHJi+MtQ32kdiaugoY7wV96MtzCXjgHAq4dMjNnQTTKHHamLNMJ4j9q\n"
        "tPq+nZ5wqLOQ6XxRorzeCwsp4wKBgQDzGMld9ZUSVFSJnWiCBfNH/mbKv+/R+jFx\n"
        "LVeN/+HKh6YkVrlnZ+IFCECYWKdflzjI/Vv4RE61lLAldhDsv0NslP5mkQxNi4tN\n"
        "j5njw9CdDk5QHmHQozHyhuUAqCWwHYlCDbwGGtplRHrgXYZszQN0w9p/HmOl3FAu\n"
        "mBYQoOqctQKBgQDheRvQ6GXGcKN8fF+IQXf7EhbPnUpQw4ZSiT/hK6buknpGieLU\n"
        "p+GJ1gQHwCglCS54ggufndq8+Pd0b6pTwn2kmrhYTvebxubnazKuMRcAq+mGsm+y\n"
        "wEJMvku4xFVooMlkreMim22v+tPa0Dr418G+yCrGTsXgUX2BvCDeyOKa/QKBgQCP\n"
        "IJbexUsBwbkMVStE8q/sQXLQCPXwUThvBF06c9/C2N8PIiiDI3zFrbgqengBJg3+\n"
        "+Hz/zWfyLRsQ01TfrzTJZ2fph5kQxwo7nkLjAVWAQv4E2f6JUqyDuLx4CIg4CwvX\n"
        "YjLD/Wd8nDckhqwwvvw78Vxh38iXzQFAjbbgD35SyQKBgCCa9/CNwNLmdQUwHt8n\n"
        "CvI/jg+SBFHW1Qf/7rj7MHDuKRUFmi/ymR4OQhujuKX/Njw7wpuX8iNGQI3dUwpQ\n"
        "79VndFPtLQQkI+lR9SlBCGxpvMKgVYSpdPbBLHkHtZRYjXP28eigV7cGC4xhKIXG\n"
        "NDOeMmHd+duJUHA1lBX45cif\n"
        "-----END PRIVATE KEY-----\n",
        "-----BEGIN PRIVATE KEY-----\n"
        "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQCH/iPsojdYdhE4\n"
        "PcBuLZTQ9OZQTf9IX/6EUvpgWQHbtzUkdsgB6a3qZzl+4cuTeQqdEcWhQ9KYfFU6\n"
        "E+RfUrU3l7pW+sJWK3oCXHQ8VujIsvEUu9IZa9dedZbY5OeyYONkgi5u1LVDoKSV\n"
        "/ISGwBbjzgRrfz+EnlQpNmVadcfwf5rAJH+ufazU6yvYG0Z4Hzcz3WBNdiIPvWv7\n"
        "Yizq8PxwNMgvXQNoE8nUlPaceU4z9XnJRkTyqT/3k+2YcKsngfQXheRgoYjujVeB\n"
        "RCKzT3By+bbaXIxKQ0isFYf1ZT+xcJjCBJtV5PpADOCiGwJ12GhyoTMxA9hV/nt7\n"
        "NKqwneLnAgMBAAECggEAAdT5FpTK1RIQwlFb+GqnG2IpK2zEOG0z8wQLzmTJ4x6m\n"
        "hHK7LVdrWdcrzZtCEEmsTG2zBqybYiV5Sm/T1DrmKQpjXreVtZkeqs3PB7RjV2Id\n"
        "tZn1cb/jpf3vMHBznzyx43vjdJJrTK7AeNVu0u00gbttO3t6ghFV8JDZ2wGaK2cE\n"
        "9MPCijS7uSLXg7sbk5U+nPSMcz9hRP+8HtxbxBAee9iepNtfYtyK1NxvKpP31WoH\n"
        "NNgQbBCBBbkPwl1TZaI8WIi/qIb53Tc3skLlwLduWXm2WYOZVEJFKeOocr8XSW/B\n"
        "LsXQohl+ggnQoiDWAR/KHnP446qUG1pTG2qJT1uYxQKBgQC9aIyhkfpFuBki+BE1\n"
        "I1zKf5xq+23/27cpTSGuu3h1egdVW6HE/5NdqfN3CzX1gWQB45YGFmwNl/u5RAnn\n"
        "2CvfDnKpb4sp6PL7tjsvPQeELSBLMHB0p64AQekVv4uWElULvZxDGYVVdoDEDBs2\n"
        "HMp37eqoe4lcfklwdEwfL5yEjQKBgQC3zfxN28UBj/hdSQX3nOsoW2CwjwYyCsAA\n"
        "4HjbPfRhqVo0S7pmZ7/GR76iBctSf0hcDF67zWxjptsY5m2AYrnjUrOURVWqaIJd\n"
        "TCS8eodojfBIXbjP6EsetWz25t5wAUz1A4nQ15H4ucuEp761Zy2SsHkQfg3baM+7\n"
        "gP6pmGx6QwKBgEKMIyz5TweD4UEKC3GyFP4Iy/pCkKlelwHp2bW8pFwSHdV9tl6y\n"
        "tSIpfiMLS1AQwARx49oLsrcr+QNkxl4w82kReHPTfv+gmw6ZPj4goS1tdXU1da1m\n"
        "5JmujqhXfkGh+0N+wRJKOzCFzEQVRNJEV1a/vryneuGGdWMPWVdzsPhZAoGBALFX\n"
        "DRgR8wKO5hMbYaaGwF0vzRqM5G1j8dzmt7TREfkobOAIMNCdSWsFzeiFrqbqJ+ao\n"
        "CL8qdGmxk7NyoDQ/DRtHr/xe6UiBjUZ3MPqpPfyi9jLcOnRerBv08C1Ik1V968J6\n"
        "p33Yf/57ROG490gPROlDW4uOE9CeT8+Zphv79K4BAoGAZvFOLSikX/9mJF2MIcNC\n"
        "6VKKlIQuj/lW+t2/AmUlXkbMRNsdLsafpgeuAFHxre6Es3g7e8OWA/A8k0d5fuJu\n"
        "chRDmJEyvTgHx8xTNHYpucTfZDhqlaS71ht4f4TTfhXmvDJe/Ev3b898Az00QDfu\n"
        "SXTMLn38L9vigUxqa9u9Aoc=\n"
        "-----END PRIVATE KEY-----\n"};
    BIO *bio = BIO_new_mem_buf(pems[number], -1);
    EVP_PKEY *key = PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);
    BIO_free(bio);
    return key;
}

#endif
