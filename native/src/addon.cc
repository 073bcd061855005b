// The binding: classes Engine and Layer for JavaScript, over engine.h. Arguments were checked by the front door in
// TypeScript; what is checked again here is what would read or write outside of an array.
#include <napi.h>

#include <limits>
#include <string>

#include "engine.h"

namespace {

Napi::Error outOfMemory(Napi::Env env) {
  return Napi::Error::New(env, "Out of memory for the packed weights; free other layers or use bfloat16.");
}

struct Array {
  void* data;
  size_t elements;
  bool bfloat16;
};

// A Float32Array, or a Uint16Array of bfloat16 bits.
Array arrayOf(const Napi::Value& value) {
  napi_typedarray_type type;
  Array array{};
  if (napi_get_typedarray_info(value.Env(), value, &type, &array.elements, &array.data, nullptr, nullptr) != napi_ok ||
      (type != napi_float32_array && type != napi_uint16_array))
    throw Napi::TypeError::New(value.Env(), "A Float32Array or a Uint16Array is needed.");
  array.bfloat16 = type == napi_uint16_array;
  return array;
}

int64_t integer(const Napi::Object& object, const char* name) { return object.Get(name).ToNumber().Int64Value(); }

StridedMatrix matrixOf(const Napi::Object& object) {
  const Array array = arrayOf(object.Get("data"));
  const int64_t offset = integer(object, "offset");
  StridedMatrix m{static_cast<char*>(array.data) + offset * (array.bfloat16 ? 2 : 4),
                  array.bfloat16,
                  integer(object, "rows"),
                  integer(object, "columns"),
                  integer(object, "rowStride"),
                  integer(object, "columnStride")};
  const int64_t last = offset + (m.rows - 1) * m.rowStride + (m.columns - 1) * m.columnStride;
  if (m.rows < 1 || m.columns < 1 || m.rowStride < 0 || m.columnStride < 0 || offset < 0 ||
      last >= int64_t(array.elements))
    throw Napi::RangeError::New(object.Env(), "A matrix reaches outside of its data.");
  return m;
}

LayerSource sourceOf(const Napi::Object& spec) {
  LayerSource source{};
  const std::string kind = spec.Get("kind").ToString();
  source.kind = kind == "linear" ? LayerKind::linear : kind == "lowRank" ? LayerKind::lowRank : LayerKind::lowRankMlp;
  source.bfloat16 = spec.Get("dtype").ToString().Utf8Value() == "bfloat16";
  source.compact = spec.Get("compact").ToBoolean();
  const std::string activation = spec.Get("activation").ToString();
  source.activation = activation == "silu"   ? Activation::silu
                      : activation == "gelu" ? Activation::gelu
                      : activation == "relu" ? Activation::relu
                                             : Activation::none;
  const Napi::Array weights = spec.Get("weights").As<Napi::Array>();
  for (uint32_t i = 0; i < weights.Length(); i++) source.weights.push_back(matrixOf(weights.Get(i).As<Napi::Object>()));
  if (!spec.Get("bias").IsUndefined()) {
    const Array bias = arrayOf(spec.Get("bias"));
    const float* values = static_cast<const float*>(bias.data);
    source.bias.assign(values, values + bias.elements);
  }
  return source;
}

class EngineObject;

// What a call in the background keeps until it is settled.
struct Pending {
  Napi::Promise::Deferred settled;
  Napi::Reference<Napi::Value> x, y;
  EngineObject* engine;
  bool ran = false;
};

class EngineObject : public Napi::ObjectWrap<EngineObject> {
 public:
  static Napi::Function define(Napi::Env env) {
    return DefineClass(env, "Engine",
                       {InstanceMethod<&EngineObject::cancel>("cancel"), InstanceMethod<&EngineObject::close>("close"),
                        InstanceMethod<&EngineObject::measurePeak>("measurePeak"),
                        InstanceMethod<&EngineObject::measureReadBandwidth>("measureReadBandwidth")});
  }

  explicit EngineObject(const Napi::CallbackInfo& info) : Napi::ObjectWrap<EngineObject>(info) {
    const std::string wanted = info[0].ToString();
    const Kernels* chosen = nullptr;
    for (const Kernels* kernels : supportedKernels())
      if (wanted == kernels->name) chosen = kernels;
    if (chosen == nullptr) throw Napi::Error::New(info.Env(), "This CPU or build has no " + wanted + " kernels.");
    const Napi::Env env = info.Env();
    try {
      engine_ = std::make_unique<HostEngine>(*chosen, info[1].ToNumber().Int32Value(), info[2].ToBoolean());
    } catch (const std::exception& error) {
      throw Napi::Error::New(env, std::string("The engine's threads could not be started: ") + error.what());
    }
    settle_ = Napi::ThreadSafeFunction::New(env, Napi::Function::New(env, [](const Napi::CallbackInfo&) {}), "neuronmm",
                                            0, 1);
    settle_.Unref(env);
    // Before the environment goes, the threads must: they use memory of JavaScript arrays. Hooks run last in first out,
    // so this one comes before the one that ends `settle_`.
    napi_add_env_cleanup_hook(env, &EngineObject::atExit, this);
  }

  void Finalize(Napi::BasicEnv env) override {
    napi_remove_env_cleanup_hook(env, &EngineObject::atExit, this);
    end();
  }

  HostEngine& engine(Napi::Env env) {
    if (!engine_) throw Napi::Error::New(env, "The native engine is closed.");
    return *engine_;
  }

  Napi::Value enqueue(const Call& call, const Napi::Value& x, const Napi::Value& y) {
    const Napi::Env env = x.Env();
    HostEngine& engine = this->engine(env);
    if (pending_++ == 0) {
      // Calls under way hold the process open and this object alive; nothing else does.
      Ref();
      settle_.Ref(env);
    }
    auto* pending = new Pending{Napi::Promise::Deferred::New(env), Napi::Persistent(x), Napi::Persistent(y), this};
    Napi::ThreadSafeFunction settle = settle_;
    engine.enqueue(call, [pending, settle](bool ran) {
      pending->ran = ran;
      settle.NonBlockingCall(pending, &EngineObject::onDone);
    });
    return pending->settled.Promise();
  }

 private:
  static void atExit(void* self) {
    auto* engine = static_cast<EngineObject*>(self);
    if (engine->engine_) engine->engine_->cancel();
    engine->end();
  }

  // Once: joins the threads, then lets go of the way back to JavaScript.
  void end() {
    if (!engine_) return;
    engine_.reset();
    settle_.Release();
  }

  static void onDone(Napi::Env env, Napi::Function, Pending* pending) {
    if (env == nullptr) return;  // the environment is going; so is everything that `pending` holds
    EngineObject* engine = pending->engine;
    if (pending->ran)
      pending->settled.Resolve(env.Undefined());
    else
      pending->settled.Reject(Napi::Error::New(env, "The call was cancelled before it began.").Value());
    delete pending;
    if (--engine->pending_ == 0) {
      engine->settle_.Unref(env);
      engine->Unref();
    }
  }

  void cancel(const Napi::CallbackInfo&) {
    if (engine_) engine_->cancel();
  }
  void close(const Napi::CallbackInfo&) { end(); }

  Napi::Value measurePeak(const Napi::CallbackInfo& info) {
    return Napi::Number::New(info.Env(), engine(info.Env()).measurePeak(info[0].ToBoolean()));
  }
  Napi::Value measureReadBandwidth(const Napi::CallbackInfo& info) {
    return Napi::Number::New(info.Env(), engine(info.Env()).measureReadBandwidth(info[0].ToNumber().Int64Value()));
  }

  std::unique_ptr<HostEngine> engine_;
  Napi::ThreadSafeFunction settle_;
  int pending_ = 0;
};

class LayerObject : public Napi::ObjectWrap<LayerObject> {
 public:
  static Napi::Function define(Napi::Env env) {
    return DefineClass(env, "Layer",
                       {InstanceAccessor<&LayerObject::bytes>("bytes"), InstanceMethod<&LayerObject::forward>("forward"),
                        InstanceMethod<&LayerObject::forwardAsync>("forwardAsync"),
                        InstanceMethod<&LayerObject::close>("close")});
  }

  explicit LayerObject(const Napi::CallbackInfo& info) : Napi::ObjectWrap<LayerObject>(info) {
    const Napi::Object engine = info[0].As<Napi::Object>();
    engineReference_ = Napi::Persistent(engine);
    engine_ = EngineObject::Unwrap(engine);
    try {
      layer_ = engine_->engine(info.Env()).pack(sourceOf(info[1].As<Napi::Object>()));
    } catch (const std::bad_alloc&) {
      throw outOfMemory(info.Env());
    }
    // The collector sees what a forgotten layer costs.
    Napi::MemoryManagement::AdjustExternalMemory(info.Env(), layer_->bytes());
  }

 private:
  Call callOf(const Napi::CallbackInfo& info) {
    const Napi::Env env = info.Env();
    if (!layer_) throw Napi::Error::New(env, "The native layer is closed.");
    const Array x = arrayOf(info[0]), y = arrayOf(info[1]);
    const int64_t rows = info[2].ToNumber().Int64Value();
    if (rows < 1 || int64_t(x.elements) != rows * layer_->inFeatures ||
        int64_t(y.elements) != rows * layer_->outFeatures)
      throw Napi::RangeError::New(env, "X or Y has not the length of the rows.");
    return {layer_, {x.data, x.bfloat16, layer_->inFeatures}, {y.data, y.bfloat16, layer_->outFeatures}, rows};
  }

  void forward(const Napi::CallbackInfo& info) { engine_->engine(info.Env()).run(callOf(info)); }
  Napi::Value forwardAsync(const Napi::CallbackInfo& info) { return engine_->enqueue(callOf(info), info[0], info[1]); }
  void close(const Napi::CallbackInfo& info) {
    if (layer_) Napi::MemoryManagement::AdjustExternalMemory(info.Env(), -layer_->bytes());
    layer_.reset();
  }
  Napi::Value bytes(const Napi::CallbackInfo& info) {
    return Napi::Number::New(info.Env(), layer_ ? double(layer_->bytes()) : 0);
  }

  Napi::ObjectReference engineReference_;
  EngineObject* engine_ = nullptr;
  std::shared_ptr<const Layer> layer_;
};

Napi::Value reportMemoryUse(const Napi::CallbackInfo& info) {
  const MemoryUse use = memoryUse();
  Napi::Object report = Napi::Object::New(info.Env());
  report.Set("allocations", double(use.allocations));
  report.Set("bytes", double(use.bytes));
  return report;
}

Napi::Object define(Napi::Env env, Napi::Object exports) {
  const std::vector<const Kernels*> kernels = supportedKernels();
  Napi::Array names = Napi::Array::New(env, kernels.size());
  for (size_t i = 0; i < kernels.size(); i++) names.Set(uint32_t(i), kernels[i]->name);
  const Caches caches = cacheSizes();
  exports.Set("instructionSets", names);
  exports.Set("l1Bytes", double(caches.level1Bytes));
  exports.Set("l2Bytes", double(caches.level2Bytes));
  exports.Set("memoryUse", Napi::Function::New(env, reportMemoryUse));
  exports.Set("Engine", EngineObject::define(env));
  exports.Set("Layer", LayerObject::define(env));
  return exports;
}

}  // namespace

NODE_API_MODULE(neuronmm, define)
