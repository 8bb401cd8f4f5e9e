/* Mesa's software GPU (lavapipe), in the place where Chromium looks for SwiftShader.
 *
 * Chromium's WebGPU takes two kinds of Vulkan drivers: the system's, which it does not use where the page itself is drawn by software, and
 * the libvk_swiftshader.so beside its own program, which it tells by two numbers. This library has that name and those numbers, and hands
 * everything on to lavapipe, which computes with float16 (WebGPU's shader-f16) where SwiftShader does not.
 *
 * Two more things are not as lavapipe says. It says that a buffer in a shader has 128 MB at most, and takes larger ones. And it says that
 * arrays of buffers cannot be indexed at run time, without which Chromium takes no driver: no shader that WebGPU makes does that, so the
 * device is made without.
 */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <vulkan/vulkan.h>

#define SHOWN __attribute__((visibility("default")))
#define LAVAPIPE "libvulkan_lvp.so"
#define SWIFTSHADER_VENDOR 0x1AE0
#define SWIFTSHADER_DEVICE 0xC0DE
#define MAX_BUFFER (1u << 30)

static PFN_vkGetInstanceProcAddr of_lavapipe;
static PFN_vkGetPhysicalDeviceProperties get_properties;
static PFN_vkGetPhysicalDeviceProperties2 get_properties2;
static PFN_vkGetPhysicalDeviceFeatures get_features;
static PFN_vkGetPhysicalDeviceFeatures2 get_features2;
static PFN_vkCreateDevice create_device;

static void change_properties(VkPhysicalDeviceProperties *properties) {
  properties->vendorID = SWIFTSHADER_VENDOR;
  properties->deviceID = SWIFTSHADER_DEVICE;
  properties->limits.maxStorageBufferRange = MAX_BUFFER;
}

static void set_indexing(VkPhysicalDeviceFeatures *features, VkBool32 value) {
  features->shaderUniformBufferArrayDynamicIndexing = value;
  features->shaderSampledImageArrayDynamicIndexing = value;
  features->shaderStorageBufferArrayDynamicIndexing = value;
  features->shaderStorageImageArrayDynamicIndexing = value;
}

static VKAPI_ATTR void VKAPI_CALL properties(VkPhysicalDevice device, VkPhysicalDeviceProperties *found) {
  get_properties(device, found);
  change_properties(found);
}

static VKAPI_ATTR void VKAPI_CALL properties2(VkPhysicalDevice device, VkPhysicalDeviceProperties2 *found) {
  get_properties2(device, found);
  change_properties(&found->properties);
}

static VKAPI_ATTR void VKAPI_CALL features(VkPhysicalDevice device, VkPhysicalDeviceFeatures *found) {
  get_features(device, found);
  set_indexing(found, VK_TRUE);
}

static VKAPI_ATTR void VKAPI_CALL features2(VkPhysicalDevice device, VkPhysicalDeviceFeatures2 *found) {
  get_features2(device, found);
  set_indexing(&found->features, VK_TRUE);
}

static VKAPI_ATTR VkResult VKAPI_CALL create(VkPhysicalDevice device, const VkDeviceCreateInfo *info,
                                             const VkAllocationCallbacks *allocator, VkDevice *created) {
  VkPhysicalDeviceFeatures plain;
  VkDeviceCreateInfo changed = *info;
  if (info->pEnabledFeatures) {
    plain = *info->pEnabledFeatures;
    set_indexing(&plain, VK_FALSE);
    changed.pEnabledFeatures = &plain;
  }
  for (const VkBaseInStructure *next = info->pNext; next; next = next->pNext)
    if (next->sType == VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_FEATURES_2)
      set_indexing(&((VkPhysicalDeviceFeatures2 *)next)->features, VK_FALSE);
  return create_device(device, &changed, allocator, created);
}

static void load(void) {
  if (of_lavapipe) return;
  void *driver = dlopen(LAVAPIPE, RTLD_NOW | RTLD_LOCAL);
  if (driver) of_lavapipe = (PFN_vkGetInstanceProcAddr)dlsym(driver, "vk_icdGetInstanceProcAddr");
  if (of_lavapipe) return;
  fprintf(stderr, "software_gpu: %s: apt-get install mesa-vulkan-drivers\n", driver ? "no driver" : dlerror());
  abort();
}

/* Keeps lavapipe's function and gives ours. */
#define REPLACED(wanted, kept, ours)     \
  if (!strcmp(name, wanted)) {           \
    kept = (void *)found;                \
    return (PFN_vkVoidFunction)(ours);   \
  }

SHOWN VKAPI_ATTR PFN_vkVoidFunction VKAPI_CALL vkGetInstanceProcAddr(VkInstance instance, const char *name) {
  load();
  if (!strcmp(name, "vkGetInstanceProcAddr")) return (PFN_vkVoidFunction)vkGetInstanceProcAddr;
  PFN_vkVoidFunction found = of_lavapipe(instance, name);
  if (!found) return NULL;
  REPLACED("vkGetPhysicalDeviceProperties", get_properties, properties)
  REPLACED("vkGetPhysicalDeviceProperties2", get_properties2, properties2)
  REPLACED("vkGetPhysicalDeviceProperties2KHR", get_properties2, properties2)
  REPLACED("vkGetPhysicalDeviceFeatures", get_features, features)
  REPLACED("vkGetPhysicalDeviceFeatures2", get_features2, features2)
  REPLACED("vkGetPhysicalDeviceFeatures2KHR", get_features2, features2)
  REPLACED("vkCreateDevice", create_device, create)
  return found;
}
