"""Other engines, measured beside ours on the same random weights, and never part of the app.

    transformers-js, transformers-js-webgpu   ONNX Runtime, through transformers.js
    wllama                                    llama.cpp on the CPU, through wllama
    native                                    litert-lm-api, outside the browser

The first three run in a page, by workers that speak the messages of `static/engine/protocol.js`:

    models.py        a random model in a peer's format
    serving.py       the peers' scripts, packages and models beside the application, under a policy of their own
    register.js      makes them engines of a page that measures
    *.worker.js      one for each library; peer.js is what they share

The server is `onpage serve` with these beside it (`serving.main`), `REGISTER` makes an open page know the peers, and then a plan
names one as its engine. All of it is for `q4_0`, the quantization that the three formats have in common.
"""
